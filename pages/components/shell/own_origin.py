"""Only the dashboard's own pages talk to it, those of no other site and of no other port of this computer.

Streamlit lets every page of this computer open a WebSocket, and a cookie knows no ports: what another program serves on another
port could act for whoever opens it. ASGI middleware, as Streamlit's own checks begin only behind it. Behind a proxy that asks
under another name, Streamlit's option `server.corsAllowedOrigins` says which pages are its own too.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import get_option


class OwnOrigin:
    """Refuses whatever a browser asks for a page of another origin, and a WebSocket for no page at all."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _is_own(Headers(scope=scope), scope["type"] == "websocket"):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "not a page of this dashboard"})
        else:
            await PlainTextResponse("This is not a page of this dashboard.", 403)(scope, receive, send)


def _is_own(headers: Headers, must_say: bool) -> bool:
    """Whether the page that asks comes from the address that it asks; browsers say so with every WebSocket."""
    origin = headers.get("origin")
    if origin is None:
        return not must_say
    if origin in get_option("server.corsAllowedOrigins"):
        return True
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
    except ValueError:
        return False
