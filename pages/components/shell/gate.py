"""The gate before a shared dashboard: without a password nothing passes, no page, no file, no upload, no WebSocket.

ASGI middleware, as Streamlit's own checks begin only behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.export.kept import kept_page
from core.paths import runs_folder
from core.sharing import LASTS, Authenticator, Guest, LogInRefused
from pages.components.shell.rights import COOKIE

GUEST_HEADER = b"x-traindesk-guest"  # of .streamlit/config.toml; only the gate sets it
LONGEST_FORM = 4096  # bytes
TO, LONGEST_PLACE = "to", 2000  # of the log-in's address: the page that was asked for, and its characters at most
TAKEN = "/take/"  # then what `Authenticator.pass_for` gave
PAGE = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")  # PROBLEM stands where a sentence may be
HEADERS = {
    b"x-frame-options": b"DENY",  # nobody draws it inside a page of theirs
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
}


class Gate:
    """Answers /login, /logout and /take itself and lets through who is admitted."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator, is_encrypted: bool = False):
        self.app, self.authenticator, self.is_encrypted = app, authenticator, is_encrypted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS.items()]
            await send(message)

        if scope["type"] == "websocket":
            await self._pass_socket(scope, receive, send)
        elif response := await self._own_answer(Request(scope, receive)):
            await response(scope, receive, sending)
        else:
            await self.app(scope, receive, sending)

    async def _pass_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As long as whoever opened it is logged in: asked again at each message, as a socket may stay open for days."""
        closing: Message = {"type": "websocket.close", "code": 4401, "reason": "log in first"}

        async def receiving() -> Message:
            message = await receive()
            if message["type"] != "websocket.receive" or guest_of(scope, self.authenticator):
                return message
            await send(closing)
            return {"type": "websocket.disconnect", "code": 4401, "reason": "log in first"}

        if guest := guest_of(scope, self.authenticator):
            headers = [header for header in scope["headers"] if header[0].lower() != GUEST_HEADER]
            headers.append((GUEST_HEADER, guest.id.encode()))  # Streamlit gives a session back to this one alone
            await self.app({**scope, "headers": headers}, receiving, send)
        else:
            await send(closing)

    async def _own_answer(self, request: Request) -> Response | None:
        """None for whoever may pass."""
        path = request.url.path
        if path == "/logout":
            if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
                return RedirectResponse("/", 303)  # a link on a page of someone else's
            self.authenticator.log_out(request.cookies.get(COOKIE, ""))
            response: Response = RedirectResponse("/login", 303)
            response.delete_cookie(COOKIE)
            return response
        if path.startswith(TAKEN):
            return await self._taken_along(path.removeprefix(TAKEN))
        if path == "/login":
            return await self._login(request) if request.method == "POST" else _form()
        if guest_of(request.scope, self.authenticator):
            return None
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse("/login" if place == "/" else f"/login?{urlencode({TO: place})}", 303)
        return Response("Log in first.", 401, media_type="text/plain")

    async def _taken_along(self, token: str) -> Response:
        """A page that someone here gave away; it is code that was made here, and still gets nothing of this place."""
        digest = self.authenticator.opened_by(token)
        page = kept_page(runs_folder(), digest) if digest else None
        with contextlib.suppress(OSError):  # it was old, and goes at this moment
            if page is not None:
                alone = {"Content-Security-Policy": "sandbox allow-scripts allow-downloads", "Cache-Control": "private"}
                return HTMLResponse(await asyncio.to_thread(page.read_bytes), headers=alone)
        said = "This page is no longer given away; ask whoever showed you the code for a new one."
        return Response(said, 404, media_type="text/plain")

    async def _login(self, request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > LONGEST_FORM:
                return _form(f"The form is larger than {LONGEST_FORM:,} bytes; type the password alone.", 413)
        given = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True).get("password", [""])[0]
        address = request.client.host if request.client else ""
        try:
            if wait := self.authenticator.turn(address):  # without one nothing comes between here and the look
                await asyncio.sleep(wait)
            token = self.authenticator.log_in(given, address)
        except LogInRefused as refusal:
            return _form(str(refusal), 401)
        response = RedirectResponse(_place_here(request.query_params.get(TO, "")), 303)
        response.set_cookie(
            COOKIE, token, max_age=LASTS, httponly=True, samesite="lax", secure=self.is_encrypted, path="/"
        )
        return response


def guest_of(scope: Scope, authenticator: Authenticator) -> Guest | None:
    """Who asks, by the cookie."""
    token = HTTPConnection(scope).cookies.get(COOKIE)
    return authenticator.guest(token) if token else None


def _place_here(place: str) -> str:
    """Where someone wanted to go, if that is a page of this dashboard, else Home: a link could name another host."""
    here = (
        place.startswith("/")
        and place.isprintable()
        and not place.startswith(("//", "/\\"))
        and len(place) <= LONGEST_PLACE
    )
    return place if here else "/"


def _form(problem: str = "", status: int = 200) -> HTMLResponse:
    said = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    return HTMLResponse(PAGE.replace("PROBLEM", said), status, headers={"Cache-Control": "no-store"})
