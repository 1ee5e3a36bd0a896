"""What a run says of its end is what happened to it: also of a process that never spoke, and of a folder that went away."""

from __future__ import annotations

import os
import shutil
import threading

import pytest

from core.runs.active_runs import active_runs
from core.runs.queue import waiting
from core.runs.store import Run
from core.runs.trash import delete_run
from core.workers import dispatch
from core.workers.control import ask_to_resume
from core.workers.dispatch import submit
from core.workers.worker import main, work
from tests.core.running import last_step
from tests.faults.checks import assert_whole
from tests.helpers import assert_one_sentence, wait_until

DIES = """
import os, sys
if "core.workers.worker" in sys.orig_argv:
    print("ImportError: libtorch_cpu.so is damaged", file=sys.stderr, flush=True)
    os._exit(1)
"""


def test_a_process_that_died_three_times_before_it_began_is_a_failure_that_can_be_tried_again(
    new, served, runs_folder, data_folder, tmp_path, monkeypatch
):
    (tmp_path / "sitecustomize.py").write_text(DIES)
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))
        run = new(epochs=1)
        submit(run, data_folder)
        wait_until(lambda: served() or run.status().name == "failed", every=0.5)
    words = (
        "Started three times, and its process died each time; the log says: ImportError: libtorch_cpu.so is damaged."
    )
    assert_one_sentence(run.status().reason, words)
    assert not waiting(runs_folder) and not active_runs(runs_folder)
    ask_to_resume(run)
    monkeypatch.setattr(dispatch, "launch", work)
    submit(run, data_folder)
    assert_whole(run)


@pytest.mark.parametrize("how", ["moved", "deleted"])
def test_a_run_whose_folder_goes_while_it_trains_ends_within_a_step_and_writes_nothing_elsewhere(
    how, new, runs_folder, data_folder, tmp_path
):
    run, elsewhere = new(training={"epoch_seconds": 30}, epochs=50), Run(tmp_path / "elsewhere")
    steps = []

    def go_away():
        wait_until(lambda: run.status().name == "running" and run.events()[0][-1]["event"] == "step")
        steps.append(last_step(run))
        run.folder.rename(elsewhere.folder) if how == "moved" else shutil.rmtree(run.folder)

    someone = threading.Thread(target=go_away)
    someone.start()
    assert main([str(run.folder), "--data", str(data_folder)]) == 0
    someone.join()
    assert steps and not run.folder.exists() and not active_runs(runs_folder)
    if how == "moved":
        assert elsewhere.status().name == "stopped" and last_step(elsewhere) <= steps[0] + 2
        assert_one_sentence(elsewhere.status().reason, "because its folder was moved or deleted")
        back = Run(elsewhere.folder.rename(run.folder))
        ask_to_resume(back)
        went_on = []

        def listen(event):
            went_on.append(event["event"])
            if event["event"] == "step":
                back.request_stop()

        assert work(back, data_folder, listen)["event"] == "stopped" and "resuming" in went_on
        delete_run(back)
