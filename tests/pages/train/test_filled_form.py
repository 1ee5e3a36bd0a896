"""What was changed in a form that was filled from a recipe or a run is named and marked."""

from core.analysis.compare import differences
from core.runs.metadata import change_metadata
from pages.components.train.filled_form import in_words, marks
from tests.helpers import quick_config
from tests.pages.apps import markup, open_app, run, widget, words
from tests.pages.fake_runs import fake_run


def test_nothing_is_changed_at_first(runs_folder):
    assert "Changed from" not in words(open_app("train", recipe="digits"))
    assert "Changed from" not in words(open_app("train"))


def test_a_change_is_named_with_both_values_and_marked_at_its_field(runs_folder):
    app = open_app("train", recipe="digits")
    widget(app, "form:optimizer.adam.learning_rate").set_value("0.01")
    widget(app, "form:training.batch_size").set_value(64)
    text = words(run(app))
    assert "Changed from Handwritten digits: Learning rate 0.006 → 0.01; Batch size 32 images → 64 images" in text
    assert ".st-key-form-optimizer-adam-learning_rate, .st-key-form-training-batch_size {" in markup(app)
    widget(app, "form:optimizer.adam.learning_rate").set_value("0.006")
    widget(app, "form:training.batch_size").set_value(32)
    assert "Changed from" not in words(run(app))


def test_the_name_is_that_of_the_run(runs_folder):
    source = fake_run(runs_folder, "finished")
    change_metadata(source, title="My best one")
    app = open_app("train", **{"from": source.id})
    widget(app, "form:training.epochs").set_value(7)
    assert "Changed from My best one: Epochs 3 → 7" in words(run(app))


def test_a_source_that_is_gone_is_no_error(runs_folder):
    source = fake_run(runs_folder, "finished")
    app = open_app("train", **{"from": source.id})
    source.config_file.unlink()
    source.event_log.unlink()
    assert "Changed from" not in words(run(app))


def test_another_part_is_one_change_with_its_own_settings():
    one = quick_config(optimizer={"name": "sgd", "learning_rate": 0.1})
    two = quick_config(optimizer={"name": "adam", "learning_rate": 0.1})
    changes = differences([one, two])
    assert [in_words(change) for change in changes] == [
        "Optimizer SGD → Adam",
        "Momentum 0.9 → none",
        "Nesterov off → none",
    ]
    assert marks(two, changes).startswith(".st-key-form-optimizer, ")


def test_many_changes_are_counted(runs_folder):
    app = open_app("train", recipe="digits")
    for name, value in (("shift", "0"), ("rotation", "0"), ("scale", "0"), ("shear", "0"), ("gamma", "0")):
        widget(app, f"form:augmentation.{name}").set_value(value)
    widget(app, "form:training.epochs").set_value(7)
    widget(app, "form:training.batch_size").set_value(64)
    assert "and 1 more" in words(run(app))
