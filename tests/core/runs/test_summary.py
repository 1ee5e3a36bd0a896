"""What lists show of a run."""

import pytest

from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.metadata import change_metadata
from core.runs.store import create_run
from core.runs.summary import DAMAGED, SPARKS, summarise
from tests.helpers import quick_config
from tests.pages.fake_runs import fake_run, write_start


def summary(run):
    status = run.status()
    return summarise(run, History(run).update(), status.name, status.reason)


def test_the_facts_of_a_run_and_what_people_say_of_it(runs_folder):
    run = fake_run(runs_folder, "finished")
    run.best.touch()
    change_metadata(run, title="Mine", tags=["a"], favourite=True)
    found = summary(run)
    assert (found.title, found.tags, found.favourite, found.status) == ("Mine", ("a",), True, "finished")
    assert (found.epochs, found.best_epoch, found.progress, found.problem) == (3, 3, 1.0, "")
    assert found.size > 0 and found.has_checkpoint and found.created == run.created()


@pytest.mark.parametrize("epochs", [0, 1, SPARKS - 1, SPARKS, 1000])
def test_a_small_curve_has_few_values_first_and_last_among_them(epochs, runs_folder):
    run = create_run(quick_config(), runs_folder)
    with_log = EventWriter(run.event_log)
    write_start(with_log, run, epochs)
    for epoch in range(1, epochs + 1):
        with_log.write("epoch", epoch=epoch, step=epoch, best=True, **{"val/accuracy": epoch / 1000})
    sparks = summary(run).sparks
    assert len(sparks) == min(epochs, SPARKS) and list(sparks) == sorted(sparks)
    assert not epochs or (sparks[0], sparks[-1]) == (0.001, epochs / 1000)


def test_without_a_config_the_log_still_tells(runs_folder):
    run = fake_run(runs_folder, "finished")
    run.config_file.write_text("{")
    found = summary(run)
    assert found.status == DAMAGED and found.problem and found.title == run.id
    assert found.epochs == 3 and found.planned == 0 and found.learning_rate is None
