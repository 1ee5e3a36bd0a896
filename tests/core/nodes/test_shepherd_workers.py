"""A desk and other computers joined in one process, with real workers: what comes back is what one here would have made. What
people ask of a run there (a pause, a stop, a learning rate) is in `test_agent_contract`."""

import psutil
import pytest

from core.machine.processes import living_pid
from core.nodes import mirror
from core.nodes.mirror import Mirror
from core.nodes.tended_note import tended_in
from core.runs.history import History
from core.runs.placement import placement_of
from core.runs.playback import Playback, ask_for_playback, playback_of
from core.runs.store import Run, create_run
from core.training.checkpoints import load_checkpoint
from core.workers import worker
from core.workers.control import ask_to_resume
from tests.core.nodes.joined import place, shepherd_of
from tests.core.running import kinds, last_step, same_weights
from tests.helpers import quick_config, wait_until

pytestmark = pytest.mark.usefixtures("desk_lives")

HERE_ALONE = {"placement.json", "worker.lock", "labels.json"}
NETWORK = {"architecture": {"name": "improved_cnn", "channels": [4]}, "augmentation": {"shift": 0.1}}


@pytest.fixture
def desk(runs_folder, data_folder, tmp_path):
    """A mirror, and `join(name)`, which begins a shepherd, or begins it anew."""

    class Desk(Mirror):
        def join(self, name):
            if name in shepherds:
                self.leave(name)
            shepherds[name] = shepherd_of(self, tmp_path, name)
            shepherds[name].start()
            return shepherds[name]

        def leave(self, name):
            shepherds[name]._link.close()
            shepherds.pop(name).stop()

        def there(self, run, name="lab-1"):
            return Run(tmp_path / name / "runs" / run.id)

    shepherds = {}
    desk = Desk(runs_folder, data_folder)
    desk.start()
    yield desk
    for name in list(shepherds):
        desk.leave(name)
    desk.stop()
    for mark in tmp_path.glob("*/runs/*/worker.pid"):
        if pid := living_pid(mark):
            psutil.Process(pid).kill()


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
    link = desk.join("lab-1")._link
    run = create_run(quick_config(epochs=2, training={"tensorboard": True, "keep_every": 1}), runs_folder)
    place(run, "lab-1")
    wait_until(lambda: is_settled(run))
    assert run.status().name == "finished" and same_files(run, desk.there(run)) and not run.worker_is_alive()
    wait_until(lambda: tended_in(desk.there(run).folder).settled)
    there = {path.name for path in desk.there(run).folder.rglob("*") if path.is_file()}
    here = {path.name for path in run.folder.rglob("*") if path.is_file()}
    assert there - here == {"tended.json", "brought.json"} and here - there == {"placement.json"}
    link.calls.clear()
    ask_to_resume(run, more_epochs=1)
    place(run, "lab-1")
    wait_until(lambda: is_settled(run))
    assert run.status().name == "finished" and same_files(run, desk.there(run))
    assert len(History(run).update().epochs) == 3 and run.config().training.epochs == 3
    sent = {values["name"] for method, values in link.calls if method == "put"}
    assert not {"kept/000001.pt", "looks/000001.npz", "network.json"} & sent, "they were there already"
    assert same_weights(run.last, undisturbed(run, tmp_path / "alone", data_folder).last)


def test_killed_out_of_touch_and_resumed_elsewhere_it_ends_as_if_nothing_had_happened(
    desk, runs_folder, data_folder, tmp_path, monkeypatch
):
    """The worker is killed, the cable is out for a while, the computer is lost, another one goes on, the first one comes back: no
    line is lost or doubled, and the weights are the same bit for bit."""
    desk.join("lab-1")
    run = create_run(quick_config(epochs=4, **NETWORK), runs_folder)
    there = desk.there(run)
    ask_for_playback(run, Playback(0.0, 25))
    place(run, "lab-1")
    wait_until(lambda: last_step(run) == 25 and run.last.exists() and load_checkpoint(run.last)["step"] == 20)

    psutil.Process(living_pid(there.worker_pid)).kill()
    wait_until(lambda: run.status().name == "interrupted")
    wait_until(lambda: is_settled(run))
    assert there.event_log.read_bytes().startswith(run.event_log.read_bytes())
    ask_to_resume(run)
    place(run, "lab-1")
    wait_until(lambda: "resumed" in kinds(run) and last_step(run) == 25)

    ask_for_playback(run, Playback(0.0, 45))
    wait_until(lambda: playback_of(there) == Playback(0.0, 45))
    link = desk.join("lab-1")._link  # its shepherd begins anew
    link.away = True
    wait_until(lambda: last_step(there) == 45)
    link.away = False
    wait_until(lambda: last_step(run) == 45 and load_checkpoint(run.last)["step"] == 40)
    assert run.event_log.read_bytes() == there.event_log.read_bytes()

    link.away = True
    monkeypatch.setattr(mirror, "LOST_SECONDS", 0.5)
    wait_until(lambda: run.status().name == "interrupted")
    assert "lab-1" in run.status().reason
    monkeypatch.setattr(mirror, "LOST_SECONDS", 10.0)
    old = placement_of(run.folder).generation
    ask_to_resume(run, computer="lab-2")
    ask_for_playback(run, Playback(0.0, 50))
    desk.join("lab-2")
    place(run, "lab-2")
    wait_until(lambda: run.status().name == "running" and last_step(run) == 50)
    assert there.worker_is_alive(), "there are two now, and nobody can tell the first one"
    link.away = False
    copy = there.folder.with_name(f"{run.id}.lost-{old}")
    wait_until(copy.is_dir)
    assert not there.folder.exists() and not Run(copy).worker_is_alive() and Run(copy).last.is_file()

    run.playback_request.unlink()
    wait_until(lambda: is_settled(run))
    assert run.status().name == "finished" and same_files(run, desk.there(run, "lab-2"))
    history = History(run).update()
    assert [epoch["epoch"] for epoch in history.epochs] == [1, 2, 3, 4] and kinds(run).count("finished") == 1
    assert kinds(run).count("resumed") == 2 and history.steps == sorted(set(history.steps))
    assert same_weights(run.last, undisturbed(run, tmp_path / "alone", data_folder).last)
