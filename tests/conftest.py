"""What all tests share: one thread of torch, the folder of real data, a runs folder of their own."""

import functools
import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read by torch when it is imported, here and in worker processes
os.environ.setdefault("TRAINDESK_STANDBY", "0")  # no worker gets ready beside a test that did not ask for one
os.environ.setdefault("TRAINDESK_PROBE", "0")  # nor are own pictures looked at
os.environ.setdefault("TRAINDESK_MEASURE", "0")  # nor which way to compute is fastest
os.environ.setdefault("TRAINDESK_SPEED", "0")  # nor how fast a computer is
os.environ.setdefault("TRAINDESK_AWAKE", "0")  # nor is it kept from sleeping
os.environ.setdefault("TRAINDESK_EXAMPLE", os.devnull)  # no example among the runs of a test that did not ask for it

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each module is compiled once, not by each of some hundred processes
sys.dont_write_bytecode = False

hypothesis.settings.register_profile("busy", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("busy")

gc.disable()  # until all tests are collected, of which none is garbage

ROOT = Path(__file__).resolve().parent.parent
SLOW = (
    "tests/browser",
    "tests/faults",
    "tests/core/nodes/test_agent",
    "tests/core/nodes/test_shepherd_workers.py",
    "tests/core/nodes/test_slurm.py",
    "tests/core/workers/test_standby.py",
    "tests/core/workers/test_supervisor.py",
    "tests/core/workers/test_worker_",
)

if os.environ.get("PYTEST_XDIST_WORKER"):  # tests beside each other must not see each other's trainings
    tempfile.tempdir = tempfile.mkdtemp(prefix="traindesk-tests-")
    os.environ |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), tempfile.tempdir)


def pytest_configure(config: pytest.Config) -> None:
    """pytest-xdist would begin with the files of most tests, and end with those of a single one of a minute."""
    config.option.loadscopereorder = False


def pytest_collection_finish() -> None:
    """What was collected stays to the end: Python need not look through it at each collection of garbage, a second each."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """What a module leaves behind stays too: a training that looks for garbage itself would take up to a second each time."""
    yield
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of real processes and browsers come first: what is long at the end would leave cores idle. Modules of browser tests,
    which compute, stand among those of other slow ones, which wait."""
    modules: dict[bool, dict[Path, None]] = {True: {}, False: {}}  # by whether they need a browser
    for item in items:
        if item.path.relative_to(ROOT).as_posix().startswith(SLOW):
            item.add_marker("slow")
        if item.get_closest_marker("slow"):
            modules[item.get_closest_marker("browser") is not None][item.path] = None
    places = {path: place / len(kind) for kind in modules.values() for place, path in enumerate(kind)}
    items.sort(key=lambda item: places[item.path] if item.get_closest_marker("slow") else 1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, at most four: tests of processes and browsers wait a third of their time."""
    return min((os.cpu_count() or 1) + 1, 4)


def _data_folder() -> Path:
    return Path(os.environ.get("TRAINDESK_DATA") or ROOT / "data").resolve()


@functools.cache
def _can_link() -> bool:
    """On Windows only some people can."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            (Path(folder) / "link").symlink_to(folder, target_is_directory=True)
        except OSError:
            return False
    return True


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what cannot be tried here. Tests marked `mnist` compare with the published files, where someone has them."""
    if sys.platform == "win32" and (mark := item.get_closest_marker("posix")):
        pytest.skip(mark.args[0])
    if item.get_closest_marker("links") and not _can_link():
        pytest.skip("no symbolic link can be made here")
    published = _data_folder() / "MNIST" / "raw" / "train-images-idx3-ubyte"
    if item.get_closest_marker("mnist") and not published.is_file():
        pytest.skip(
            f"MNIST's published files are not in {_data_folder()}; set TRAINDESK_DATA to a folder that has them"
        )


@pytest.fixture(scope="session", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of links to the real data, which TRAINDESK_DATA names from now on: what a test writes stays in it."""
    real, folder = _data_folder(), tmp_path_factory.mktemp("data")
    for entry in real.iterdir() if real.is_dir() else ():
        if entry.name != "cache" and not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRAINDESK_DATA", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def nothing_stays_shared() -> Iterator[None]:
    """A process keeps the passwords that it was given, as a shared dashboard does; the next test must not find them. Nor what the
    errors of `tests.core.short` passed when they were raised, generators with threads among it."""
    yield
    if sharing := sys.modules.get("core.sharing"):
        sharing.current_authenticator.cache_clear()
    if short := sys.modules.get("tests.core.short"):
        for error in short.WORDINGS.values():
            error.__traceback__ = error.__context__ = error.__cause__ = None


@pytest.fixture(scope="session")
def patterns(data_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    """A dataset of own pictures in the data folder; only to be read."""
    from tests.own import own_dataset

    return own_dataset(data_folder, tmp_path_factory.mktemp("brought"))


@pytest.fixture
def runs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty runs folder, also the one that TRAINDESK_RUNS names."""
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("TRAINDESK_RUNS", str(folder))
    return folder


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Any:
    """From here on files are kept as Windows keeps them."""
    from tests.windows import Windows

    return Windows(monkeypatch)
