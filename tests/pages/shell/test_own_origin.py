"""Who may talk to the dashboard: its own pages, no page of another site and none of another port of this computer."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from pages.components.shell import own_origin
from pages.components.shell.own_origin import OwnOrigin

HOST = "127.0.0.1:8501"
FOREIGN = [
    "http://127.0.0.1:8888",  # another program of this computer
    "http://localhost:8501",  # the same one under another name, whose cookies are others
    "http://127.0.0.1",
    "https://evil.example",
    "null",  # a frame in a sandbox
    "",
    "http://127.0.0.1:8501.evil.example",
    "http://evil.example#127.0.0.1:8501",
    "http://[bad",
]


def ask(kind, origin, host=HOST):
    """What came through, and what was sent."""
    through, sent = [], []

    async def behind(scope, _receive, _send):
        through.append(scope["type"])

    async def send(message):
        sent.append(message)

    headers = [(b"host", host.encode())] + ([] if origin is None else [(b"origin", origin.encode())])
    scope = {"type": kind, "path": "/_stcore/stream", "method": "PUT", "headers": headers}
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, OwnOrigin(behind)(scope, None, send)).result()
    return through, sent


@pytest.mark.parametrize("origin", FOREIGN)
def test_nothing_of_a_foreign_page_passes(origin):
    through, sent = ask("websocket", origin)
    assert not through and sent[0]["type"] == "websocket.close"
    through, sent = ask("http", origin)
    assert not through and sent[0]["status"] == 403


@pytest.mark.parametrize("kind", ["websocket", "http"])
@pytest.mark.parametrize("origin", [f"http://{HOST}", f"https://{HOST}", f"HTTP://{HOST.upper()}"])
def test_its_own_pages_pass(kind, origin):
    assert ask(kind, origin) == ([kind], [])


def test_pages_that_the_settings_name_pass(monkeypatch):
    monkeypatch.setattr(own_origin, "get_option", {"server.corsAllowedOrigins": ["https://class.example"]}.__getitem__)
    assert ask("websocket", "https://class.example")[0]
    assert not ask("websocket", "https://other.example")[0]


def test_a_socket_must_say_whose_page_it_is_and_a_request_need_not():
    assert not ask("websocket", None)[0]
    assert ask("http", None)[0], "browsers say nothing of the page when one follows a link"
    assert not ask("websocket", "http://", host="")[0], "nothing is nobody's"
