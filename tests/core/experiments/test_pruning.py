"""Which runs of an experiment are hopeless, and that they end early with their best network tested."""

import pytest

from core.experiments.pruning import OTHERS, is_hopeless, others_at, tell_others
from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.store import create_run
from core.workers import worker
from tests.helpers import assert_one_sentence, quick_config

GOOD = [{1: 0.5, 2: 0.8, 3: 0.9}, {1: 0.6, 2: 0.7, 3: 0.85}, {1: 0.4, 2: 0.75, 3: 0.8}]


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [
        ({1: 0.1, 2: 0.1}, GOOD, True),
        ({1: 0.5, 2: 0.9}, GOOD, False),
        ({1: 0.1}, GOOD, False),  # too early
        ({1: 0.1, 2: 0.1}, GOOD[:2], False),  # too few others
        ({1: 0.1, 2: 0.1}, [*GOOD[:2], {1: 0.9}], False),  # the third has not come as far
        ({1: 0.76, 2: 0.1}, GOOD, False),  # its best so far counts
    ],
)
def test_worse_than_half_of_the_others_is_hopeless(own, others, expected):
    assert is_hopeless(own, others) is expected


def member(runs_folder, rate, **training):
    settings = {"optimizer": {"name": "sgd", "learning_rate": rate}, "experiment": "Trial"}
    return create_run(quick_config(epochs=6, training=training, **settings), runs_folder)


def work(run, runs_folder):
    return worker.work(run, runs_folder / "data")


def test_a_hopeless_run_ends_early_and_is_tested(runs_folder):
    for rate in (0.1, 0.2, 0.15):
        work(member(runs_folder, rate), runs_folder)
    begun = EventWriter(member(runs_folder, 0.1).event_log)  # it is not counted: it has ended one epoch only
    begun.write("started", epochs=6, total_steps=120)
    begun.write("epoch", epoch=1, step=20, **{"val/accuracy": 0.9})
    begun.close()
    hopeless = member(runs_folder, 1e-9, prune=True)
    end = work(hopeless, runs_folder)
    assert end["event"] == "finished"
    assert_one_sentence(
        end["message"], "Trained 2 of 6 epochs", "half of the 3 other runs of 'Trial' that came as far;"
    )
    history = History(hopeless).update()
    assert len(history.epochs) == 2 and history.test["from_epoch"] in (1, 2)


def test_without_the_setting_it_trains_to_its_end(runs_folder):
    for rate in (0.1, 0.2, 0.15):
        work(member(runs_folder, rate), runs_folder)
    run = member(runs_folder, 1e-9)
    work(run, runs_folder)
    assert len(History(run).update().epochs) == 6


def test_runs_of_other_experiments_and_damaged_ones_do_not_count(runs_folder):
    own = member(runs_folder, 0.1)
    other = create_run(quick_config(epochs=1, experiment="Another"), runs_folder)
    work(other, runs_folder)
    damaged = member(runs_folder, 0.1)
    work(damaged, runs_folder)
    assert len(others_at(own, "Trial", runs_folder)) == 1
    damaged.config_file.write_text("{")
    assert others_at(own, "Trial", runs_folder) == []


def test_what_the_others_have_on_all_computers_counts_where_it_was_told(runs_folder):
    own = member(runs_folder, 0.1)
    work(member(runs_folder, 0.1), runs_folder)
    tell_others(own, [[[1, 0.5], [2, 0.75]], []])
    assert others_at(own, "Trial", runs_folder) == [{1: 0.5, 2: 0.75}, {}]
    for damaged in ("{", "[[1]]", '[[["a", 1]]]', "3"):
        (own.folder / OTHERS).write_text(damaged)
        assert others_at(own, "Trial", runs_folder) == []
    (own.folder / OTHERS).write_text("[[1], [[2, 0.5]]]")
    assert others_at(own, "Trial", runs_folder) == [{2: 0.5}], "one that is damaged spoils no other"
