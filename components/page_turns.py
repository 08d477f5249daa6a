"""Which page a browser asked for last: what it still asks in the name of the page before is not run there.

The frontend stamps each request with the page that it has drawn. A fragment's request that leaves between
the click on another page and that page's first message still bears the old one (measured on Streamlit 1.67:
widget updates wait for a timer of 0 ms, and a click overtakes timers). Streamlit then runs the fragment
under the old page, the frontend takes that for a page change and empties the new page, and the next fragment
of the new page is drawn into a block that is gone: "Cannot set a node at a delta path", and the whole
frontend dies. So such a request becomes a whole run of the page asked for last, with every press in it.
"""

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

STREAM = "/_stcore/stream"


class PageTurn:
    """One browser's connection: the page it asked for last, by Streamlit's hash of that page."""

    def __init__(self) -> None:
        self._asked = ""
        self._running = ""

    def ask(self, frame: bytes) -> bytes:
        """What the server is to hear instead of this frame of the browser; mostly the frame itself."""
        message = BackMsg()
        try:
            message.ParseFromString(frame)
        except DecodeError:
            return frame  # the server closes the connection over it
        if message.WhichOneof("type") != "rerun_script":
            return frame
        rerun = message.rerun_script
        if not rerun.fragment_id:
            self._asked = rerun.page_script_hash
            return frame
        if self._asked in ("", rerun.page_script_hash):
            return frame
        rerun.page_script_hash = self._asked
        rerun.page_name = ""
        rerun.fragment_id = ""
        rerun.is_auto_rerun = False
        return bytes(message.SerializeToString())

    def answer(self, frame: bytes) -> None:
        """Note the page that was drawn for the one asked for: that one may be gone, or named by its path."""
        message = ForwardMsg()
        try:
            message.ParseFromString(frame)
        except DecodeError:
            return
        kind = message.WhichOneof("type")
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self._running = message.new_session.page_script_hash
        elif kind == "navigation" and self._asked in ("", self._running):
            self._asked = self._running = message.navigation.page_script_hash


class PageTurns:
    """ASGI middleware that puts a ``PageTurn`` on every socket between browsers and the script runs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; on Streamlit's own socket every frame passes a ``PageTurn``."""
        if scope["type"] != "websocket" or not scope["path"].endswith(STREAM):
            await self._app(scope, receive, send)
            return
        turn = PageTurn()

        async def receiving() -> Message:
            message = await receive()
            frame = message.get("bytes") if message["type"] == "websocket.receive" else None
            return {**message, "bytes": turn.ask(frame)} if frame else message

        async def sending(message: Message) -> None:
            frame = message.get("bytes") if message["type"] == "websocket.send" else None
            if frame:
                turn.answer(frame)
            await send(message)

        await self._app(scope, receiving, sending)
