"""The worker of a run, as who tends it sees it."""

import os

from core.machine.processes import name_process
from core.nodes.local_worker import worker_is_there
from core.runs.store import create_run
from tests.helpers import quick_config


def test_a_worker_on_its_way_is_there_on_a_disk_with_another_clock(runs_folder):
    """As on a shared disk: its times are those of another computer."""
    run = create_run(quick_config(), runs_folder)
    assert not worker_is_there(run)
    run.starting_mark.touch()
    name_process(run.starting_mark, os.getpid())
    os.utime(run.starting_mark, (1.0, 1.0))
    assert worker_is_there(run)
    run.starting_mark.unlink()
    assert not worker_is_there(run)
