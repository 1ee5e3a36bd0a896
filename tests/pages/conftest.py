"""What the tests of pages share: no process is started that a test did not ask for."""

from collections.abc import Callable, Iterator

import pytest
from streamlit.runtime.fragment import MemoryFragmentStorage

from core import errors
from core.errors import TrainDeskError
from core.nodes import desk_process
from core.sharing import Guest
from core.workers import dispatch
from pages.components.shell import rights
from pages.components.train import form_choices

ask_core = form_choices.ask_core


@pytest.fixture(autouse=True)
def nobody_asked_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which earlier runs fit a changed network stays unknown: a form would start a process with torch to find out."""
    monkeypatch.setattr(form_choices, "ask_core", lambda *_: None)


@pytest.fixture
def asked_what_fits(nobody_asked_what_fits: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked after all."""
    monkeypatch.setattr(form_choices, "ask_core", ask_core)


@pytest.fixture(autouse=True)
def no_part_within_a_part(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A part that is drawn again by itself holds no other: when the outer one is drawn again before the browser was sent what it
    drew last, Streamlit drops that, but not what the inner one drew into it, on which the browser fails: `setIn cannot be
    called on an ElementNode`."""
    within, register = [], MemoryFragmentStorage.register

    def noted(storage, key, fragment, *, parent_fragment_id=None, **options) -> None:
        within.extend(filter(None, [parent_fragment_id]))
        register(storage, key, fragment, parent_fragment_id=parent_fragment_id, **options)

    monkeypatch.setattr(MemoryFragmentStorage, "register", noted)
    yield
    assert not within


@pytest.fixture
def two_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form offers what only computers with several devices are offered."""
    monkeypatch.setenv("TRAINDESK_CPU_DEVICES", "2")


@pytest.fixture(autouse=True)
def no_standby(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINDESK_STANDBY", "0")


class _Nothing(Exception):
    """Never raised."""


@pytest.fixture(autouse=True)
def no_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What falls over fails a test instead of being a sentence."""
    monkeypatch.setattr(errors, "UNFORESEEN", _Nothing)


@pytest.fixture(autouse=True)
def supervisors(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands of the supervisors that would have been started for the queue, and of the desk for other computers."""
    commands: list[list[str]] = []
    monkeypatch.setattr(desk_process, "start_detached", lambda command, **_: commands.append(command))
    monkeypatch.setattr(dispatch, "start_detached", lambda command, **_: commands.append(command))
    return commands


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Runs for which a worker would have been launched; each has its mark, as with a real one."""
    runs: list[str] = []

    def launch(run, data_folder):
        run.starting_mark.touch()
        runs.append(run.id)

    monkeypatch.setattr(dispatch, "launch", launch)
    return runs


@pytest.fixture
def as_someone(monkeypatch: pytest.MonkeyPatch) -> Callable[[Guest | None], None]:
    """Makes the visitor of all pages someone who logged in on a shared dashboard; None: someone who did not."""

    def become(guest: Guest | None) -> None:
        monkeypatch.setattr(rights, "current_authenticator", lambda: "an authenticator")
        monkeypatch.setattr(rights, "_guest", lambda: guest)

    return become


@pytest.fixture
def no_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer on which no process can be started."""

    def refuse(run, data_folder):
        raise TrainDeskError("The training process could not be started (no memory).")

    monkeypatch.setattr(dispatch, "launch", refuse)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder of this test's own."""
    folder = tmp_path / "own data"
    folder.mkdir()
    monkeypatch.setenv("TRAINDESK_DATA", str(folder))
    return folder
