"""The devices of a run that waited in another computer's queue."""

from core.machine.torch_devices import TorchDevice
from core.runs.assignment import Assignment, assign, assignment_of
from core.runs.store import create_run
from core.workers import dispatch
from core.workers.giving import place_given
from tests.helpers import quick_config
from tests.pages.fake_runs import running

CARDS = (TorchDevice("cuda:0", "Big", "GPU-a"), TorchDevice("cuda:1", "Big", "GPU-b"))


def test_it_gets_a_gpu_that_no_other_run_here_has(runs_folder, monkeypatch):
    monkeypatch.setattr(dispatch, "accelerators", lambda: CARDS)
    monkeypatch.setattr(dispatch, "gpus", lambda: ("cuda:0", "cuda:1"))
    monkeypatch.setattr(dispatch, "least_used", sorted)
    config = quick_config(training={"device": "auto"})
    busy, comes, last = (create_run(config, runs_folder) for _ in range(3))
    assign(comes.folder, Assignment(["cuda:0"], ["GPU-a"]))  # of an earlier time
    with running(busy):
        assign(busy.folder, Assignment(["cuda:0"], ["GPU-a"]))
        with place_given(comes):
            comes.starting_mark.touch()
        with place_given(last):
            pass
    assert assignment_of(comes.folder).given == ["GPU-b"]
    assert assignment_of(last.folder).given == [], "none is left: its worker looks for itself"
