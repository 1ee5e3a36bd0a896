"""A desk and other computers with real workers, joined in one process."""

import pytest

from core.nodes.mirror import Mirror
from core.runs.placement import placement_of
from core.runs.store import Run, create_run
from tests.core.nodes.joined import place, shepherd_of
from tests.helpers import quick_config, wait_until

HERE_ALONE = {"placement.json", "worker.lock"}


def same_files(one: Run, other: Run) -> bool:
    """Whether all that the desk has of a run is there too, byte for byte."""
    names = {path.relative_to(one.folder) for path in one.folder.rglob("*") if path.is_file()}
    names = {name for name in names if name.name not in HERE_ALONE}
    return all((one.folder / name).read_bytes() == (other.folder / name).read_bytes() for name in names)


@pytest.fixture
def desk(runs_folder, data_folder):
    mirror = Mirror(runs_folder, data_folder)
    mirror.start()
    yield mirror
    mirror.stop()


def test_a_run_is_trained_elsewhere_and_all_of_it_comes_here(desk, runs_folder, tmp_path):
    shepherd = shepherd_of(desk, tmp_path, "lab-1")
    shepherd.start()
    run = create_run(quick_config(epochs=2), runs_folder)
    place(run, "lab-1")
    wait_until(lambda: placement_of(run.folder).settled)
    shepherd.stop()
    assert run.status().name == "finished"
    there = Run(tmp_path / "lab-1" / "runs" / run.id)
    assert run.event_log.read_bytes() == there.event_log.read_bytes()
    assert same_files(run, there) and run.best.is_file() and run.last.is_file()
    assert not run.worker_is_alive()
