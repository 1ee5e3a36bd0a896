"""The curve of the learning rate in the form: what the training will really use, drawn anew with each change."""

import pytest

from core.run_config import RunConfig
from core.training.schedules import SCHEDULES
from pages.components.train.schedule_view import POINTS, in_words, rates_of
from tests.pages.apps import markup, open_app, run, widget


def config(schedule, epochs=10, rate=0.1):
    optimizer = {"name": "sgd", "learning_rate": rate}
    return RunConfig.from_dict({"schedule": schedule, "training": {"epochs": epochs}, "optimizer": optimizer})


def said(schedule, epochs=10, rate=0.1):
    of = config(schedule, epochs, rate)
    return in_words(rates_of(of), epochs, of.schedule.follows_validation)


@pytest.mark.parametrize("name", SCHEDULES.names())
def test_it_is_the_rate_that_the_loop_takes(name):
    of = config({"name": name}, epochs=8, rate=0.02)
    rates = rates_of(of)
    assert len(rates) == POINTS
    for place in (0, 30, POINTS // 2, POINTS - 1):
        assert rates[place] == 0.02 * of.schedule.factor(8 * place / POINTS, 8, {})


def test_its_words_say_where_it_begins_how_high_it_rises_and_where_it_ends():
    assert said("constant") == "0.1 all the time"
    assert said({"name": "constant", "warmup": 2}) == "0.001, rises to 0.1 by epoch 3"
    assert said({"name": "step", "every": 5, "gamma": 0.1}) == "0.1, falls to 0.01"
    assert said("one_cycle") == "0.004, rises to 0.1 by epoch 4, falls to 0.0000091"
    assert said("plateau").endswith("0.1 all the time; falls further when the validation loss does not")


def test_it_is_drawn_anew_beside_its_settings(runs_folder):
    def curve():
        text = markup(app)
        return text[text.index("Learning rate over") - 3000 : text.index("Learning rate over")], text

    app = open_app("train")
    widget(app, "form:schedule").set_value("constant")
    first, text = curve() if not run(app).exception else ("", "")
    assert "all the time" in text
    widget(app, "form:schedule").set_value("step")
    run(app)
    widget(app, "form:schedule.step.every").set_value(1)
    second, text = curve() if not run(app).exception else ("", "")
    assert second != first and ", falls to " in text
    widget(app, "form:training.epochs").set_value(0)
    assert "Learning rate over" not in markup(run(app))
