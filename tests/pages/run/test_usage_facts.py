"""What the process of a run uses, on its page: of that run, and a sign where it is not known."""

import os
from dataclasses import replace

from core.machine.gpus import Gpu
from core.machine.processes import name_process
from core.runs.store import Run
from core.workers.monitor import System, Usage
from pages.components.run.usage_facts import usage_facts
from tests.helpers import wait_until
from tests.pages.apps import open_app, words
from tests.pages.fake_runs import fake_run, running

USAGE = Usage("one", 7, 1.94, 930_000_000, 2_000_000_000, 12, 0.0, True)
OTHER = replace(USAGE, what="two", pid=8, processor=None)
GPUS = (
    Gpu(0, "H100", 0.5, 3, 80_000_000_000, None, None, processes={8: 3}),
    Gpu(1, "H100", 0.83, 2_000_000_000, 80_000_000_000, 61.0, None, processes={7: 2_000_000_000, 9: 5}),
)
NOW = System(0.0, 0.5, (0.5, 0.5), 1, 8_000_000_000, None, None, GPUS, (USAGE, OTHER))


def test_they_are_those_of_this_run(tmp_path):
    assert usage_facts(Run(tmp_path / "one"), NOW, "cuda:1") == [
        ("Uses now", "1.9 cores", "of 2, 930 MB of 8.0 GB memory"),
        ("GPU 1", "83\u202f%", "2.0 GB of 80.0 GB, 61 °C"),
    ]
    assert [title for title, *_ in usage_facts(Run(tmp_path / "one"), NOW, "cpu")] == ["Uses now"]


def test_what_is_not_known_is_a_sign(tmp_path):
    assert usage_facts(Run(tmp_path / "two"), NOW, "cpu") == [("Uses now", "–", "of 2, 930 MB of 8.0 GB memory")]
    gone = usage_facts(Run(tmp_path / "three"), replace(NOW, cores=()), "cuda:0")
    assert gone == [("Uses now", "–", "– of 8.0 GB memory"), ("GPU", "–", "")]


def test_the_page_of_a_run_says_them_while_it_trains(runs_folder):
    run = fake_run(runs_folder, "starting")
    with running(run):
        run.worker_pid.touch()
        name_process(run.worker_pid, os.getpid())
        wait_until(lambda: " cores" in words(open_app("run", run=run.id)), what="the second reading")
        text = words(open_app("run", run=run.id))
    assert "Uses now" in text and " memory" in text
