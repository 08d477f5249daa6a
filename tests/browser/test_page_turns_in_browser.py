"""A page that is asked for while a fragment still asks for the page before, and a page that died."""

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

# A click overtakes the timer that a fragment's request waits for: in one task the order is certain.
LEAVE_THEN_ASK = """([page, button]) => {
    const links = [...document.querySelectorAll('[data-testid="stTopNavLink"]')];
    links.find((link) => link.innerText.includes(page)).click();
    document.querySelector(button).click();
}"""
RESUME = ".st-key-shell-resume button"


def boards(window, name):
    return window.page.locator(f'[data-testid="board-{name}"]').count()


def into_nowhere():
    """A message that the frontend cannot apply: a block inside a block that is not there."""
    message = ForwardMsg()
    message.metadata.delta_path.extend([0, 90, 0])
    message.delta.add_block.allow_empty = True
    return message.SerializeToString()


def test_a_frontend_that_died_comes_back_by_itself(open_window):
    window = open_window()
    sockets = []

    def between(socket):
        socket.connect_to_server()
        sockets.append(socket)

    window.page.route_web_socket("**/_stcore/stream", between)
    window.page.reload()
    window.wait("the page", lambda: boards(window, "exposure"), 40)
    window.page.evaluate("window.sameLife = true")
    sockets[-1].send(into_nowhere())
    window.wait("its end", lambda: window.page.evaluate("!document.querySelector('#root > *')"))
    window.wait("another life", lambda: boards(window, "exposure") and window.text("strip-mode"), 40)
    assert window.page.evaluate("window.sameLife") is None
    assert any("delta path" in error for error in window.errors)
    window.errors.clear()


def test_a_fragments_request_of_the_page_before_leaves_the_new_page_alone(open_window):
    window = open_window()
    window.wait("the strip", lambda: window.text("strip-mode") == "PAPER", 40)
    window.become("Rafael")
    window.go("Demo")
    window.wait("the demo page", lambda: boards(window, "demo"))
    window.page.get_by_test_id("halt").click()
    window.wait("the way back", lambda: window.page.locator(f"{RESUME}:not([disabled])").count())
    window.page.evaluate(LEAVE_THEN_ASK, ["Tickets", RESUME])
    window.wait("the page Tickets", lambda: boards(window, "orders") and window.text("auto-mode"))
    assert window.page.url.endswith("/tickets")
    window.page.wait_for_timeout(5000)
    assert boards(window, "orders") == boards(window, "past") == 1
    assert window.text("auto-mode")
    assert "asks to resume" in window.text("halted")
