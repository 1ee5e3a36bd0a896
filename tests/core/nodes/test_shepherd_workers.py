"""A desk and another computer joined in one process, which trains: what comes back is what one here would have made. What people
ask of a run there (a pause, a stop, a learning rate) is in `test_agent_contract`, kills and lost computers in `tests.faults`."""

import threading

import pytest

from core.nodes import tended
from core.nodes.mirror import Mirror
from core.nodes.tended_note import tended_in
from core.runs.history import History
from core.runs.placement import placement_of
from core.runs.store import Run, create_run
from core.workers import worker
from core.workers.control import ask_to_resume
from tests.core.nodes.joined import place, shepherd_of
from tests.core.running import same_weights
from tests.helpers import quick_config, wait_until

pytestmark = pytest.mark.usefixtures("desk_lives")

HERE_ALONE = {"placement.json", "worker.lock", "labels.json"}


@pytest.fixture
def desk(runs_folder, data_folder, tmp_path, monkeypatch):
    """A mirror, and the computer `lab-1`, whose workers are threads: a process of their own takes seconds to import torch."""

    class Desk(Mirror):
        def there(self, run):
            return Run(tmp_path / "lab-1" / "runs" / run.id)

    def launch(run, data):
        run.starting_mark.touch()
        threading.Thread(target=worker.work, args=(run, data), daemon=True).start()

    monkeypatch.setattr(tended, "launch", launch)
    desk = Desk(runs_folder, data_folder)
    desk.start()
    lab = shepherd_of(desk, tmp_path, "lab-1")
    desk.link = lab._link
    lab.start()
    yield desk
    desk.link.close()
    lab.stop()
    desk.stop()


def same_files(one, other):
    """Whether all that the desk has of a run is there too, byte for byte."""
    names = {path.relative_to(one.folder) for path in one.folder.rglob("*") if path.is_file()}
    names = {name for name in names if name.name not in HERE_ALONE}
    assert {"last.pt", "events.jsonl", "network.json"} <= {str(name) for name in names}
    return all((one.folder / name).read_bytes() == (other.folder / name).read_bytes() for name in names)


def is_settled(run):
    """Whether the desk is done with it: that is noted first, then what served it goes."""
    return placement_of(run.folder).settled and not (run.folder / ".mirror").exists()


def undisturbed(run, folder, data_folder):
    """The same training, here and in one go."""
    folder.mkdir()
    alone = create_run(run.config(), folder)
    worker.work(alone, data_folder)
    return alone


def test_a_run_and_more_epochs_of_it_come_back_byte_for_byte(desk, runs_folder, data_folder, tmp_path):
    run = create_run(quick_config(epochs=2, training={"tensorboard": True, "keep_every": 1}), runs_folder)
    place(run, "lab-1")
    wait_until(lambda: is_settled(run))
    assert run.status().name == "finished" and same_files(run, desk.there(run)) and not run.worker_is_alive()
    wait_until(lambda: tended_in(desk.there(run).folder).settled)
    there = {path.name for path in desk.there(run).folder.rglob("*") if path.is_file()}
    here = {path.name for path in run.folder.rglob("*") if path.is_file()}
    assert there - here == {"tended.json", "brought.json"} and here - there == {"placement.json"}
    desk.link.calls.clear()
    ask_to_resume(run, more_epochs=1)
    place(run, "lab-1")
    wait_until(lambda: is_settled(run))
    assert run.status().name == "finished" and same_files(run, desk.there(run))
    assert len(History(run).update().epochs) == 3 and run.config().training.epochs == 3
    sent = {values["name"] for method, values in desk.link.calls if method == "put"}
    assert not {"kept/000001.pt", "looks/000001.npz", "network.json"} & sent, "they were there already"
    assert same_weights(run.last, undisturbed(run, tmp_path / "alone", data_folder).last)
