"""The gate before a shared dashboard, asked directly: what passes and what does not."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.export.kept import keep
from core.runs.store import create_run, list_runs
from core.runs.trash import delete_run, restore_run
from core.sharing import FREE, PASS_LASTS, Authenticator
from pages.components.shell.gate import LONGEST_FORM, Gate
from pages.components.shell.rights import COOKIE
from tests.helpers import quick_config

GUESTS, HOST = "for the class", "for the teacher"
GOOD = b"password=for+the+class"


class Behind:
    """What stands behind the gate; notes who came through."""

    def __init__(self):
        self.seen = []

    async def __call__(self, scope, receive, send):
        self.seen.append(scope["path"])
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"behind"})
        else:
            await send({"type": "websocket.accept"})


@pytest.fixture
def gate():
    return Gate(Behind(), Authenticator(GUESTS, HOST, b"k" * 32))


def ask(gate, path, *, kind="http", method="GET", headers=(), body=b"", token="", query=b""):
    """Status (or the first message of a WebSocket), headers, body."""
    sent = []
    cookie = [(b"cookie", f"other=1; {COOKIE}={token}".encode())] if token else []
    scope = {
        "type": kind, "path": path, "raw_path": path.encode(), "method": method, "query_string": query, "scheme": "http",
        "headers": [*headers, *cookie], "client": ("10.0.0.9", 1), "server": ("desk", 8501), "root_path": "",
    }  # fmt: skip

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    with ThreadPoolExecutor(1) as other:  # in this thread a browser of another test may have its loop
        other.submit(asyncio.run, gate(scope, receive, send)).result()
    if kind == "websocket":
        return sent[0]
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:])


def logged_in(gate, password=GUESTS):
    status, headers, _ = ask(gate, "/login", method="POST", body=f"password={password.replace(' ', '+')}".encode())
    assert status == 303 and headers["location"] == "/"
    return headers["set-cookie"]


def token_of(cookie):
    return cookie.partition("=")[2].partition(";")[0]


EVERYTHING = [
    "/",
    "/run",
    "/static/app.js",
    "/app/static/plotly.js",
    "/media/x.png",
    "/files/x",
    "/_stcore/health",
    "/_stcore/metrics",
]


@pytest.mark.parametrize("path", EVERYTHING)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_passes_without_a_password(gate, path, method):
    status, _, body = ask(gate, path, method=method)
    assert status == 401 and b"behind" not in body and gate.app.seen == []


def test_a_websocket_is_refused_without_a_password(gate):
    assert ask(gate, "/_stcore/stream", kind="websocket")["type"] == "websocket.close"
    assert ask(gate, "/_stcore/stream", kind="websocket", token="made.up")["type"] == "websocket.close"
    assert gate.app.seen == []


@pytest.mark.parametrize("path", EVERYTHING)
def test_with_one_everything_passes(gate, path):
    token = token_of(logged_in(gate))
    assert ask(gate, path, token=token)[2] == b"behind"
    assert ask(gate, path, kind="websocket", token=token)["type"] == "websocket.accept"


def test_a_page_leads_to_the_form(gate):
    status, headers, _ = ask(gate, "/", headers=[(b"accept", b"text/html,*/*")])
    assert status == 303 and headers["location"] == "/login"
    status, headers, body = ask(gate, "/login")
    assert status == 200 and b'name="password"' in body and headers["cache-control"] == "no-store"
    assert b"http://" not in body and b"https://" not in body, "nothing comes from elsewhere"


def test_the_form_leads_to_the_page_that_was_asked_for(gate):
    page = [(b"accept", b"text/html,*/*")]
    for wrong in (
        b"",
        b"to=",
        b"to=https%3A%2F%2Fevil.example",
        b"to=%2F%2Fevil.example",
        b"to=%2F%5Cevil.example",
        b"to=%2F%0Ax",
    ):
        assert ask(gate, "/login", method="POST", query=wrong, body=GOOD)[1]["location"] == "/", wrong
    status, headers, _ = ask(gate, "/run", query=b"run=a%20b&view=presenter", headers=page)
    path, _, query = headers["location"].partition("?")
    assert (status, path) == (303, "/login")
    assert ask(gate, path, method="POST", query=query.encode(), body=b"password=wrong")[0] == 401
    status, headers, _ = ask(gate, path, method="POST", query=query.encode(), body=GOOD)
    assert status == 303 and headers["location"] == "/run?run=a%20b&view=presenter"


def test_a_wrong_password_is_one_sentence_in_the_form_and_is_not_repeated_there(gate):
    status, headers, body = ask(gate, "/login", method="POST", body=b"password=%3Cscript%3E")
    assert status == 401 and b"That is not the password; ask the host for it." in body
    assert "set-cookie" not in headers and b"script" not in body


def test_a_form_that_is_too_large_is_refused(gate):
    status, _, body = ask(gate, "/login", method="POST", body=b"password=" + b"x" * LONGEST_FORM)
    assert status == 413 and b"4,096 bytes" in body


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"password", b"a=b", b"password=x&password=y"])
def test_nonsense_in_the_form_is_a_wrong_password(gate, body):
    assert ask(gate, "/login", method="POST", body=body)[0] == 401


def test_the_cookie_cannot_be_read_by_a_script_nor_sent_from_another_site(gate):
    cookie = logged_in(gate).lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "secure" not in cookie
    encrypted = Gate(Behind(), gate.authenticator, is_encrypted=True)
    assert "secure" in logged_in(encrypted).lower()


def test_logging_out_takes_the_cookie_away(gate):
    status, headers, _ = ask(gate, "/logout", token=token_of(logged_in(gate)))
    assert status == 303 and f'{COOKIE}=""' in headers["set-cookie"] and "Max-Age=0" in headers["set-cookie"]


def test_logging_out_ends_the_token_itself_whoever_has_a_copy_of_it(gate):
    token = token_of(logged_in(gate))
    ask(gate, "/logout", token=token)
    assert ask(gate, "/", token=token)[0] == 401
    assert ask(gate, "/_stcore/stream", kind="websocket", token=token)["type"] == "websocket.close"


@pytest.mark.parametrize("site", [b"cross-site", b"same-site"])
def test_a_link_on_another_site_logs_nobody_out(gate, site):
    token = token_of(logged_in(gate))
    status, headers, _ = ask(gate, "/logout", token=token, headers=[(b"sec-fetch-site", site)])
    assert status == 303 and headers["location"] == "/" and "set-cookie" not in headers
    assert ask(gate, "/", token=token)[2] == b"behind"


def test_a_socket_that_is_open_ends_with_the_token(gate):
    token = token_of(logged_in(gate))
    got, sent = [], []

    async def behind(_scope, receive, _send):
        while (message := await receive())["type"] == "websocket.receive":
            got.append(message["bytes"])
        got.append(message["type"])

    messages = iter([b"one", b"two", b"three"])

    async def receive():
        if (said := next(messages)) == b"two":
            gate.authenticator.log_out(token)
        return {"type": "websocket.receive", "bytes": said}

    async def send(message):
        sent.append(message)

    gate.app = behind
    scope = {"type": "websocket", "path": "/", "headers": [(b"cookie", f"{COOKIE}={token}".encode())]}
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, gate(scope, receive, send)).result()
    assert got == [b"one", "websocket.disconnect"] and sent[-1]["type"] == "websocket.close"


def test_too_many_wrong_passwords_delay_the_next_answer_and_the_right_one_still_opens(gate, monkeypatch):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    monkeypatch.setattr("pages.components.shell.gate.asyncio.sleep", sleep)
    for _ in range(FREE):
        assert ask(gate, "/login", method="POST", body=b"password=wrong")[0] == 401
    assert not waited
    logged_in(gate)
    assert len(waited) == 1 and waited[0] > 0


@pytest.mark.parametrize("path", ["/", "/login", "/logout"])
def test_no_page_can_be_drawn_inside_another_one(gate, path):
    _, headers, _ = ask(gate, path)
    assert headers["x-frame-options"] == "DENY" and headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("cookie", [b"\xff", b"a;b;c", b"=", b"traindesk", b"traindesk=" + b"x" * 5000])
def test_broken_cookies_are_nobodys(gate, cookie):
    assert ask(gate, "/", headers=[(b"cookie", cookie)])[0] == 401


@pytest.fixture
def given_away(gate, runs_folder):
    """A page that was made here, and the token under which it is given away."""
    run = create_run(quick_config(), runs_folder)
    digest = "0123456789abcdef" * 2
    place = runs_folder / ".traindesk" / "exports" / digest / "Digits.html"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"<p>7</p>")
    keep(place, {"run": run.id})
    return place, gate.authenticator.pass_for(digest)


def test_a_page_that_is_given_away_opens_without_a_password_and_gets_nothing_of_this_place(gate, given_away):
    status, headers, body = ask(gate, f"/take/{given_away[1]}")
    assert (status, body) == (200, b"<p>7</p>") and headers["content-type"].startswith("text/html")
    assert (
        "sandbox" in headers["content-security-policy"]
        and "allow-same-origin" not in headers["content-security-policy"]
    )
    assert not gate.app.seen


@pytest.mark.parametrize("token", ["", "x", "..%2f..%2fkey", "../../key", "0123456789abcdef" * 2])
def test_nothing_else_is_given_away(gate, given_away, token):
    status, _, body = ask(gate, f"/take/{token}")
    assert status == 404 and b"no longer given away" in body and not gate.app.seen


def test_a_pass_opens_one_page_for_a_day(gate, given_away, runs_folder, monkeypatch):
    place, token = given_away
    other = gate.authenticator.pass_for("../../../key")
    assert ask(gate, f"/take/{other}")[0] == 404
    assert gate.authenticator.guest(token) is None, "it is no way in"
    later = time.time() + PASS_LASTS + 10
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: later)
        assert ask(gate, f"/take/{token}")[0] == 404
    again = f"/take/{gate.authenticator.pass_for(place.parent.name)}"
    [run] = list_runs(runs_folder)
    delete_run(run)
    assert ask(gate, again)[0] == 404, "what was deleted is given away no more"
    restore_run(run.id, runs_folder)
    assert ask(gate, again)[0] == 200
    place.unlink()
    assert ask(gate, again)[0] == 404
