"""Trying several values by the form, and the experiment's page."""

import pytest

from core.runs.store import create_run, list_runs
from core.workers.dispatch import set_cpu_runs, slots
from pages.components.charts.parallel import dimension
from tests.helpers import quick_config
from tests.pages.apps import beside, go, open_app, run, sentence, widget, words
from tests.pages.fake_runs import EventWriter, write_epoch, write_start


def sweep(app, **values):
    """Chooses settings and types their values; keys with __ for a dot."""
    paths = [path.replace("__", ".") for path in values]
    widget(app, "sweep settings").set_value(paths)
    run(app)
    for path, value in zip(paths, values.values(), strict=True):
        widget(app, f"sweep {path}").set_value(value)
    return run(app)


def test_several_learning_rates_make_several_runs_that_are_queued_and_shown_together(runs_folder, launched):
    app = sweep(open_app("train", recipe="digits"), optimizer__learning_rate="0.1, 0.01, 0.001")
    assert "Creates **3 runs**" in words(app) and "3 values: 0.1, 0.01, 0.001" in words(app)
    button = widget(app, "start")
    assert button.label == "Start 3 runs"
    button.click()
    app = run(app)
    made = sorted(list_runs(runs_folder), key=lambda entry: entry.config().optimizer.learning_rate)
    assert [entry.config().optimizer.learning_rate for entry in made] == [0.001, 0.01, 0.1]
    (name,) = {entry.config().experiment for entry in made}
    assert app.query_params["experiment"] == name
    assert name in app.title[0].value.replace("\\", "")
    assert len(launched) == 2 and [entry.status().name for entry in made].count("queued") == 1
    text = words(app)
    assert "Learning rate 0.01" in text and "0 of 3 runs are done" in text and "queued" in text


def test_two_experiments_of_one_minute_are_not_mixed(runs_folder, launched, monkeypatch):
    monkeypatch.setattr("pages.components.train.sweep_form.time.strftime", lambda form: "12 Mar 10:15")
    first, second = (
        sweep(open_app("train", recipe="digits"), optimizer__learning_rate=values) for values in ("0.1, 0.01", "1, 2")
    )  # two people who have filled the form at the same time
    for app in (first, second):
        widget(app, "start").click()
        run(app)
    made = [entry.config() for entry in list_runs(runs_folder)]
    assert {config.optimizer.learning_rate for config in made if config.experiment.endswith("10:15")} == {0.1, 0.01}
    assert {config.optimizer.learning_rate for config in made if config.experiment.endswith("10:15 (2)")} == {1, 2}
    third = sweep(open_app("train", recipe="digits"), optimizer__learning_rate="3, 4")
    assert widget(third, "sweep name").value == "Experiment 12 Mar 10:15 (3)"
    assert "will be added to it" not in words(third)
    widget(third, "sweep name").set_value("Experiment 12 Mar 10:15")
    assert "There is an experiment of this name: these runs will be added to it." in words(run(third))
    widget(third, "start").click()
    run(third)
    assert sum(entry.config().experiment.endswith("10:15") for entry in list_runs(runs_folder)) == 4


def test_how_many_are_trained_at_a_time_is_said_as_it_is(runs_folder, monkeypatch):
    set_cpu_runs(runs_folder, 3)
    app = open_app("train", recipe="digits")
    widget(app, "sweep settings")
    assert "3 of them are trained at a time, the others wait in the queue" in words(app)
    set_cpu_runs(runs_folder, 1)
    assert "They are trained one after the other" in words(run(app))
    monkeypatch.setattr("core.workers.dispatch.gpus", lambda: ("cuda:0", "cuda:1"))
    assert "2 of them are trained at a time" in words(run(app))
    assert (slots(runs_folder, "cuda:1"), slots(runs_folder, "cpu"), slots(runs_folder, "cuda")) == (1, 1, 2)


def test_combinations_and_choices(runs_folder):
    app = sweep(open_app("train", recipe="digits"), optimizer=["sgd", "adam"], training__batch_size="16; 32")
    assert "Creates **4 runs**" in words(app)
    widget(app, "sweep seeds").set_value(3)
    assert "Creates **12 runs**" in words(run(app))


def test_seeds_alone_make_an_experiment(runs_folder):
    app = open_app("train", recipe="digits")
    widget(app, "sweep seeds").set_value(3)
    assert "Creates **3 runs**" in words(run(app))


def test_nothing_chosen_starts_the_one_run(runs_folder):
    app = open_app("train", recipe="digits")
    assert widget(app, "start").label == "Start training" and "Creates" not in words(app)


@pytest.mark.parametrize(("typed", "part"), [("fast", "'fast'"), ("0.1, 99", "at most 10"), ("", "no values")])
def test_a_wrong_value_is_one_sentence_at_its_field_and_nothing_can_start(typed, part, runs_folder):
    app = sweep(open_app("train", recipe="digits"), optimizer__learning_rate=typed)
    assert part in beside(app, "sweep optimizer.learning_rate")
    assert widget(app, "start").disabled and widget(app, "start").label == "Start runs"
    assert "1 value to correct" in words(app)
    widget(app, "sweep optimizer.learning_rate").set_value("0.1, 0.01")
    assert not widget(run(app), "start").disabled


def test_a_choice_without_values_starts_nothing(runs_folder):
    app = sweep(open_app("train", recipe="digits"), optimizer=[])
    assert "no values" in beside(app, "sweep optimizer") and widget(app, "start").disabled


def test_a_comma_that_can_mean_two_things_is_asked_and_a_click_settles_it(runs_folder):
    app = sweep(open_app("train", recipe="digits"), training__epochs="1,500")
    assert "'1,500', which can be read as 1,500, or as 1 and 500" in beside(app, "sweep training.epochs")
    assert widget(app, "start").disabled
    widget(app, "sweep training.epochs way 0").click()
    app = run(app)
    assert widget(app, "sweep training.epochs").value == "1500" and "1 value: 1,500" in words(app)
    assert widget(app, "start").label == "Start 1 run" and not widget(app, "start").disabled


def test_what_was_typed_survives_a_visit_to_another_page(runs_folder):
    app = sweep(open_app("train", recipe="digits"), training__batch_size="16; 32")
    run(go(app, "runs"))
    app = run(go(app, "train"))
    assert widget(app, "sweep training.batch_size").value == "16; 32"
    (fold,) = [fold for fold in app.expander if fold.label == "Try several values"]
    assert fold.proto.expanded and widget(app, "start").label == "Start 2 runs"


def test_too_many_runs_are_one_sentence(runs_folder):
    app = sweep(open_app("train"), training__epochs="1 to 50 step 1", training__batch_size="16 to 64 step 4")
    assert "at most 200" in sentence(app.error[0]) and widget(app, "start").disabled


def trained(runs_folder, accuracy, **settings):
    made = create_run(quick_config(experiment="Trial", **settings), runs_folder)
    log = EventWriter(made.event_log)
    write_start(log, made, 1)
    write_epoch(log, 1)
    values = {"train/loss": 1.0, "train/accuracy": accuracy, "val/loss": 1.0, "val/accuracy": accuracy}
    log.write("epoch", epoch=2, step=40, best=True, seconds=1.0, **values)
    log.write("finished", message="Done.")
    log.close()
    return made


def test_the_table_shows_what_differs_and_marks_the_best(runs_folder):
    for rate, accuracy in ((0.1, 0.91), (0.01, 0.97)):
        trained(runs_folder, accuracy, optimizer={"name": "sgd", "learning_rate": rate})
    text = words(open_app("experiment", experiment="Trial"))
    assert "2 of 2 runs are done" in text
    assert "97.0 % ★" in text and "91.0 % ★" not in text
    assert "Best: Learning rate 0.01, 97.0 % of the validation pictures right." in text
    assert ">Learning rate<" in text and ">Momentum<" not in text, "only what differs"


def test_several_seeds_give_a_mean_and_a_spread(runs_folder):
    for rate, seed, accuracy in ((0.1, 0, 0.90), (0.1, 1, 0.92), (0.01, 0, 0.97), (0.01, 1, 0.97)):
        trained(runs_folder, accuracy, optimizer={"name": "sgd", "learning_rate": rate}, training={"seed": seed})
    text = words(open_app("experiment", experiment="Trial"))
    assert "Over the seeds" in text and "91.00 %" in text and "± 1.41" in text
    assert text.index("97.00 %") < text.index("91.00 %"), "the best first"


def test_what_can_be_done_with_an_experiment(runs_folder):
    runs = [
        trained(runs_folder, accuracy, optimizer={"name": "sgd", "learning_rate": rate})
        for rate, accuracy in ((0.1, 0.91), (0.01, 0.97), (0.001, 0.5))
    ]
    app = open_app("experiment", experiment="Trial")
    assert widget(app, "try the best").disabled, "without a checkpoint there is no network"
    widget(app, "compare the experiment").click()
    assert run(app).query_params["runs"] == ",".join(made.id for made in runs)
    (runs[1].folder / "best.pt").touch()
    app = open_app("experiment", experiment="Trial")
    widget(app, "try the best").click()
    app.run()
    assert app.query_params["run"] == runs[1].id


def test_again_with_other_values_fills_the_form_with_what_was_tried(runs_folder, launched):
    for rate in (0.1, 0.01):
        for seed in (0, 1):
            trained(runs_folder, 0.9, optimizer={"name": "sgd", "learning_rate": rate}, training={"seed": seed})
    app = open_app("experiment", experiment="Trial")
    widget(app, "repeat the experiment").click()
    assert run(app).query_params["experiment"] == "Trial" and widget(app, "start").label == "Start 4 runs"
    app = open_app("train", experiment="Trial")
    assert "The form below holds the settings of **Trial**" in words(app)
    assert widget(app, "sweep settings").value == ["optimizer.learning_rate"]
    assert widget(app, "sweep optimizer.learning_rate").value == "0.1, 0.01" and widget(app, "sweep seeds").value == 2
    assert widget(app, "start").label == "Start 4 runs"
    widget(app, "sweep optimizer.learning_rate").set_value("0.1, 0.01, 0.001")
    app = run(app)
    assert widget(app, "start").label == "Start 6 runs", "what is typed is not filled in again"


def test_a_link_to_an_experiment_that_is_gone_is_one_sentence(runs_folder):
    app = open_app("train", experiment="Atlantis")
    assert "There is no experiment 'Atlantis'" in sentence(app.warning[0])


def test_the_list_says_what_was_tried_and_what_was_best(runs_folder):
    for rate, accuracy in ((0.1, 0.91), (0.01, 0.97)):
        trained(runs_folder, accuracy, optimizer={"name": "sgd", "learning_rate": rate})
    text = words(open_app("experiment"))
    assert "<td>Learning rate</td><td>2 of 2</td><td>0.01</td><td>97.0 %</td>" in text
    assert 'href="experiment?experiment=Trial"' in text


def test_the_empty_page_has_a_way_to_a_first_experiment(runs_folder):
    app = open_app("experiment")
    widget(app, "example experiment").click()
    app = run(app)
    assert widget(app, "start").label == "Start 3 runs" and not widget(app, "start").disabled


def test_a_page_without_experiments_says_how_to_make_one(runs_folder):
    assert all(
        each in words(open_app("experiment")) for each in ("An experiment is several runs", "Try several values")
    )
    trained(runs_folder, 0.9)
    app = open_app("experiment", experiment="Atlantis")
    assert "There is no experiment 'Atlantis'" in words(app) and "Trial" in words(app)
    assert not app.exception and go(app, "experiment")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.1, 0.001], {"values": [-1.0, -3.0], "tickvals": [-3.0, -1.0], "ticktext": ["0.001", "0.1"]}),
        ([16, 32], {"values": [16.0, 32.0], "tickvals": [16.0, 32.0], "ticktext": ["16", "32"]}),
        (["SGD", "Adam", "SGD"], {"values": [0.0, 1.0, 0.0], "tickvals": [0, 1], "ticktext": ["SGD", "Adam"]}),
        ([True, False], {"values": [0.0, 1.0], "tickvals": [0, 1], "ticktext": ["True", "False"]}),
    ],
)  # fmt: skip
def test_an_axis_for_every_kind_of_value(values, expected):
    found = dimension("x", values)
    assert found == {"label": "x", **expected}
