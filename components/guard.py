"""A page is only ever called by the shell: this refuses a page file that is run by itself."""


class RunAloneError(RuntimeError):
    """A page was started without the frame that checks who is asking."""


def refuse_alone(name: str) -> None:
    """Refuse when a page module is the main script.

    >>> refuse_alone("pages.exposure") is None
    True
    """
    if name == "__main__":
        raise RunAloneError("a page cannot be run by itself: start the app with `streamlit run app.py`")
