"""Small tools of the tests: waiting, sentences, quick configs, a local web server."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import psutil

from core.run_config import RunConfig
from core.runs.store import Run, write_config

PATIENCE = 240  # seconds: for whatever will happen, on a computer that is busy otherwise


def wait_until(condition: Callable[[], Any], timeout: float = PATIENCE, what: str = "", every: float = 0.0) -> Any:
    """Polls until `condition` gives something true, and returns that. Fails after `timeout` seconds. Without `every` it looks
    again after 0.02 seconds, and more seldom the longer it waits, as a look takes a millisecond or more."""
    began = time.monotonic()
    while not (result := condition()):
        waited = time.monotonic() - began
        if waited > timeout:
            raise AssertionError(f"not within {timeout:g} seconds: {what or condition}")
        time.sleep(every or min(max(0.02, waited / 20), 0.25))
    return result


def answers(
    processes: Iterable[psutil.Process], question: Callable[[psutil.Process], Any]
) -> dict[psutil.Process, Any]:
    """What each of the processes answers. One that ended since it was listed, or is a zombie, has no answer."""
    found = {}
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one to psutil
            found[process] = question(process)
    return found


def at_work(pid: int, word: str) -> list[psutil.Process]:
    """The processes below this one in whose command `word` stands; not what they start in turn, which looks like them until it
    is another program."""
    below = answers(psutil.Process(pid).children(recursive=True), lambda each: (each.ppid(), each.cmdline()))
    found = {each.pid for each, (_, words) in below.items() if word in words}
    return [each for each, (parent, _) in below.items() if each.pid in found and parent not in found]


def has_ended(process: psutil.Process) -> bool:
    """Whether it ended; a zombie, which nobody has reaped yet, has."""
    status = answers([process], psutil.Process.status).get(process, psutil.STATUS_ZOMBIE)
    return status == psutil.STATUS_ZOMBIE or not process.is_running()


def with_plain_spaces(text: str) -> str:
    """The narrow space before a per cent sign as the one that people type."""
    return text.replace("\u202f", " ")


def assert_one_sentence(text: str, *parts: str) -> None:
    """The text is one sentence for a person, and says each of `parts`, in which spaces are ordinary."""
    text = with_plain_spaces(text)
    assert "\n" not in text, text
    assert "Traceback" not in text, text
    assert text.endswith((".", "?")), text
    assert len(text) < 700, text
    assert not re.search(r"[.!?] [A-Z]", text), f"more than one sentence: {text}"
    for part in parts:
        assert part in text, f"{part!r} is not in {text!r}"


def quick_config(*, epochs: int = 1, batch_size: int = 64, **settings: Any) -> RunConfig:
    """A config on the small digits with a small network; `settings` are parts of a config."""
    training = {"epochs": epochs, "batch_size": batch_size, "device": "cpu", **settings.pop("training", {})}
    return RunConfig.from_dict({"architecture": {"name": "mlp", "hidden": [16]}, **settings, "training": training})


def made_at(run: Run, moment: float) -> None:
    """Says in the run's folder that it was made then, in Unix seconds."""
    write_config(run, run.config(), moment)


def closed_port() -> int:
    """A port of this computer where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Site(http.server.ThreadingHTTPServer):
    """Serves `files` (path -> bytes) and notes what was asked for. With `hold`, half of each file waits for `go`."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes], hold: bool = False):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.hold = files, hold
        self.asked: list[str] = []
        self.go = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, *_: Any) -> None:
        """Clients may hang up."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        self.server.asked.append(name)
        content = self.server.files.get(name)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        self.wfile.flush()
        if self.server.hold:
            self.server.go.wait(20)
        self.wfile.write(content[half:])

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def serve(files: dict[str, bytes], hold: bool = False) -> Iterator[Site]:
    """A web server on this computer for the length of a `with`."""
    site = Site(files, hold)
    thread = threading.Thread(target=site.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.go.set()
        site.shutdown()
        site.server_close()


def document(text):
    """The one JSON document that a text is. NaN and infinity are no JSON."""

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)
