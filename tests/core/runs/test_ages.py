"""When a run was made, whatever copies, unpacks or lengthens its folder."""

import json
import os
import shutil
import time

import pytest

from core.runs.events import EventWriter
from core.runs.store import Run, create_run, list_runs
from tests.helpers import made_at, quick_config


@pytest.fixture
def run(runs_folder):
    return create_run(quick_config(), runs_folder)


def unsaid(run, **instead):
    """The config as older versions wrote it, or with something else in that place."""
    said = json.loads(run.config_file.read_text())
    del said["created"]
    run.config_file.write_text(json.dumps(said | instead))


def test_a_new_run_is_made_now_in_the_time_of_no_zone(run):
    assert abs(run.created() - time.time()) < 10_000
    assert json.loads(run.config_file.read_text())["created"] == run.created()


def test_a_copied_folder_keeps_its_place(run, runs_folder):
    made_at(run, 1e9)
    other = create_run(quick_config(), runs_folder)
    copy = Run(shutil.copytree(run.folder, runs_folder / "copy", copy_function=shutil.copyfile))
    assert copy.config_file.stat().st_mtime > 1.1e9
    assert copy.created() == 1e9 and list_runs(runs_folder)[0] == other and copy.config() == run.config()


@pytest.mark.parametrize("odd", [None, "yesterday", -1, 0, 1e30, True, [], float("nan")])
def test_what_is_no_moment_is_made_up_for_by_the_first_event(odd, run):
    unsaid(run, created=odd)
    os.utime(run.config_file, (2e9, 2e9))
    assert run.created() == 2e9, "there is no event yet"
    run.event_log.write_text('{"event":"started","time":1000000000.5}\n')
    assert run.created() == 1000000000.5


def test_an_older_run_is_as_old_as_its_first_event(run):
    unsaid(run)
    log = EventWriter(run.event_log)
    first = log.write("started")["time"]
    log.write("step", step=1)
    log.close()
    os.utime(run.config_file, (1, 1))
    assert run.created() == first
    run.config_file.unlink()
    assert run.created() == first
    run.event_log.unlink()
    assert run.created() == 0
