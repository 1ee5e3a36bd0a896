"""A shared dashboard as a host starts it, and a client that speaks to it as a browser does, in Streamlit's own messages, but says
whatever it likes."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.helpers import PATIENCE, closed_port, wait_until

ROOT = Path(__file__).resolve().parent.parent
GUESTS, HOST = "for the class", "for the teacher"


@dataclass(frozen=True)
class Desk:
    """Where it is, and its process."""

    url: str
    process: subprocess.Popen
    certificate: Path | None = None  # the only one that is trusted, of one that speaks https

    @property
    def trust(self) -> ssl.SSLContext | None:
        """For whoever asks it by https."""
        return ssl.create_default_context(cafile=str(self.certificate)) if self.certificate else None


@contextlib.contextmanager
def shared(runs: Path, data: Path, log: Path, https: bool = False) -> Iterator[Desk]:
    """`python -m core share` for the length of a `with`."""
    port = closed_port()
    environment = {
        **os.environ,
        "TRAINDESK_PASSWORD": GUESTS,
        "TRAINDESK_HOST_PASSWORD": HOST,
        "TRAINDESK_STANDBY": "0",
        "STREAMLIT_SERVER_HEADLESS": "true",
    }
    command = [sys.executable, "-m", "core", "share", "--port", str(port), "--runs", str(runs), "--data", str(data)]
    command += ["--https"] if https else []
    certificate = runs / ".traindesk" / "https" / "certificate.pem" if https else None
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            desk = Desk(f"{'https' if https else 'http'}://127.0.0.1:{port}", process, certificate)
            wait_until(lambda: process.poll() is not None or status_of(desk, "/login"), what="the login form")
            assert process.poll() is None, log.read_text()
            yield desk
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def status_of(desk: Desk, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> int:
    """The status of an answer; 0 where there is none."""
    return ask(desk, path, method, body, **headers)[0]


def ask(desk: Desk, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, dict]:
    """(status, headers) of an answer, without anything that a browser adds."""
    address = urllib.parse.urlsplit(desk.url)
    host, port = str(address.hostname), address.port
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        if desk.certificate:
            connection = http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=desk.trust)
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders())
    except OSError:
        return 0, {}
    finally:
        connection.close()


def cookie_of(desk: Desk, password: str) -> str:
    """What a browser keeps of someone who logs in, as the header that it sends."""
    form = urllib.parse.urlencode({"password": password}).encode()
    status, headers = ask(desk, "/login", "POST", form)
    assert status == 303, "the password is right"
    return headers["set-cookie"].partition(";")[0]


@dataclass
class Page:
    """What the server said until a script had ended."""

    messages: list[ForwardMsg] = field(default_factory=list)

    @property
    def session(self) -> str:
        """The id of the session, which its own browser is told."""
        return next(
            said.new_session.initialize.session_id for said in self.messages if said.WhichOneof("type") == "new_session"
        )

    @property
    def fragments(self) -> list[str]:
        """The parts that ask to be drawn again by themselves."""
        return [said.auto_rerun.fragment_id for said in self.messages if said.WhichOneof("type") == "auto_rerun"]

    def buttons(self) -> dict[str, str]:
        """The label of each button that may be pressed -> its identity."""
        found = {}
        for said in self.messages:
            element = said.delta.new_element
            if element.WhichOneof("type") == "button" and not element.button.disabled:
                found[element.button.label] = element.button.id
        return found

    def text(self) -> str:
        """All that stands in the messages, roughly."""
        return "\n".join(str(said) for said in self.messages)


class Visitor:
    """One socket. `session` asks for an earlier session of that id."""

    def __init__(self, desk: Desk, cookie: str = "", session: str = "", origin: str | None = "own", **headers: str):
        protocol = ["streamlit", "no-token", session] if session else ["streamlit"]
        self.socket: ClientConnection = connect(
            desk.url.replace("http", "ws") + "/_stcore/stream",
            subprotocols=protocol,  # type: ignore[arg-type]
            origin=desk.url if origin == "own" else origin,  # type: ignore[arg-type]
            additional_headers={"Cookie": cookie, **headers},
            max_size=None,
            open_timeout=PATIENCE,
            ssl=desk.trust,
        ).__enter__()

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def open(self, page: str, query: str = "", fragment: str = "", press: tuple[str, ...] = ()) -> Page:
        """Has a page drawn, or a part of it, with these buttons pressed, whether they were drawn or not."""
        return self.say(rerun(page, query, fragment, press))

    def drop(self, message: BackMsg | bytes) -> None:
        """Sends it and waits for no answer, as there may be none."""
        self.socket.send(message if isinstance(message, bytes) else message.SerializeToString())

    def say(self, message: BackMsg | bytes) -> Page:
        """Sends it and takes all of the answer; what there is of it when the server hangs up."""
        page = Page()
        with contextlib.suppress(ConnectionClosed):
            self.drop(message)
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end:
                said = ForwardMsg.FromString(self.socket.recv(PATIENCE))  # type: ignore[arg-type]
                page.messages.append(said)
                early = said.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
                if said.WhichOneof("type") == "script_finished" and not early:
                    break
        return page

    def is_closed(self) -> bool:
        """Whether the server hung up; waits for it."""
        try:
            while True:
                self.socket.recv(PATIENCE)
        except ConnectionClosed:
            return True
        except TimeoutError:
            return False


def rerun(page: str, query: str = "", fragment: str = "", press: tuple[str, ...] = ()) -> BackMsg:
    """The message with which a browser asks for a page."""
    message = BackMsg()
    message.rerun_script.page_name, message.rerun_script.query_string = page, query
    message.rerun_script.fragment_id = fragment
    for identity in press:
        message.rerun_script.widget_states.widgets.add(id=identity, trigger_value=True)
    return message
