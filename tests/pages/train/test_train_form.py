"""The training form: generated from the settings, filled by recipes and links, honest about wrong values."""

import json
import shutil
import time
from unittest.mock import Mock

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates

from core.experiments.values import SeveralReadings
from core.paths import HOME
from core.recipes import GOALS, RECIPES, find_recipe
from core.run_config import GROUPS
from core.runs.store import create_run, list_runs
from core.settings.settings import fields_of
from pages.components.shell import form_values
from pages.components.shell.form_values import check, data_of, values_of
from tests.pages.apps import beside, go, nodes, open_app, run, sentence, widget, words
from tests.pages.fake_runs import EventWriter, fake_run, write_epoch, write_start


def change(app, key, value):
    widget(app, f"form:{key}").set_value(value)
    return run(app)


def start_button(app):
    return widget(app, "start")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_click_on_a_recipe_card_fills_the_form(recipe, runs_folder, two_devices):
    app = open_app("train")
    widget(app, "goal of the recipes").set_value(recipe.goals[-1])
    run(app)
    widget(app, f"recipe {recipe.name}").click()
    run(app)
    for key, value in values_of(recipe.config()).items():
        if key != "recipe":
            assert widget(app, f"form:{key}").value == value, key
    assert not start_button(app).disabled


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_config_survives_the_form_unchanged(recipe):
    config = recipe.config()
    assert check(values_of(config)) == (config, {})


@pytest.mark.parametrize(
    ("key", "value", "part_of_sentence"),
    [
        ("training.epochs", 0, "Epochs is 0; it must be a whole number from 1 to 10,000."),
        ("training.epochs", None, "Epochs is empty; it must be a whole number from 1 to 10,000."),
        ("training.batch_size", 99_000, "choose at most"),
        ("optimizer.adam.learning_rate", "fast", "Learning rate is 'fast'; it must be a number above 0"),
        ("optimizer.adam.learning_rate", "", "Learning rate is empty"),
        ("architecture.simple_cnn.channels", "16, -2", "Channels is -2"),
        ("training.seed", -1, "Seed is -1"),
        ("augmentation.rotation", "400", "Rotation is 400"),
    ],
)
def test_a_wrong_value_is_explained_at_its_field_and_start_waits(key, value, part_of_sentence, runs_folder):
    app = change(open_app("train"), key, value)
    assert part_of_sentence in beside(app, f"form:{key}")
    assert start_button(app).disabled
    assert "1 value to correct" in words(app)


def test_a_comma_that_may_mean_two_things_is_asked_about(runs_folder, monkeypatch):
    app = change(open_app("train"), "training.epoch_seconds", "0,5 0,6")
    assert start_button(app).disabled and "'0,5 0,6'; it must be a number from 0 to 600" in words(app)
    doubt = SeveralReadings(
        fields_of(GROUPS["training"])[0], "1,024", [[1024.0], [1.024]], "write it without the comma"
    )
    monkeypatch.setattr(form_values, "number_in", Mock(side_effect=doubt))  # no setting takes both as yet
    change(app, "training.epoch_seconds", "1,024")
    assert "'1,024', which can be read as 1,024, or as 1.024; write it without the comma." in words(app)


def test_all_wrong_values_are_explained_at_once_and_gone_when_corrected(runs_folder):
    app = open_app("train")
    change(app, "training.epochs", 0)
    change(app, "optimizer.adam.learning_rate", "-1")
    assert "2 values to correct" in words(app)
    change(app, "training.epochs", 3)
    change(app, "optimizer.adam.learning_rate", "0,001")  # as half of the world writes it
    assert not start_button(app).disabled
    assert 'class="problem' not in words(app)


@pytest.mark.parametrize(
    ("typed", "channels"),
    [("16, 32", (16, 32)), ("16,32", (16, 32)), ("16 32", (16, 32)), ("1,024", (1024,)), ("8, 1,024", (8, 1024))],
)
def test_a_list_of_numbers_is_read_as_it_is_meant(typed, channels):
    config, problems = check({"architecture": "simple_cnn", "architecture.simple_cnn.channels": typed})
    assert not problems and config.architecture.channels == channels


def test_a_wrong_value_behind_a_fold_opens_it(runs_folder):
    app = open_app("train")
    assert not app.expander[0].proto.expanded
    app = change(app, "training.seed", -1)
    assert app.expander[0].proto.expanded
    assert "1 value to correct" in words(app)


def test_going_to_another_architecture_and_back_loses_nothing(runs_folder):
    app = change(open_app("train"), "architecture.simple_cnn.channels", "8, 8")
    change(app, "architecture", "mlp")
    change(app, "architecture", "simple_cnn")
    assert widget(app, "form:architecture.simple_cnn.channels").value == "8, 8"


def test_values_survive_a_visit_to_another_page(runs_folder):
    app = change(open_app("train"), "training.epochs", 7)
    change(app, "title", "Mine")
    run(go(app, "runs"))
    run(go(app, "train"))
    assert widget(app, "form:training.epochs").value == 7
    assert widget(app, "form:title").value == "Mine"


def marked(app):
    """The recipes whose cards are marked as what the form holds."""
    text = " ".join(str(getattr(node, "proto", "")) for node in nodes(app._tree))
    return [recipe.name for recipe in RECIPES if f"card-chosen-recipe-{recipe.name}" in text]


def test_a_changed_form_marks_no_card_and_says_what_was_changed(runs_folder):
    app = open_app("train", recipe="fast_mnist")
    assert marked(app) == ["fast_mnist"] and "**Fast MNIST**: Three slim convolutions" in words(app)
    app = change(app, "training.epochs", 2)
    assert marked(app) == [] and "Changed from Fast MNIST: Epochs 1 → 2" in words(app)
    app = change(app, "training.epochs", 1)
    assert marked(app) == ["fast_mnist"]


def test_every_goal_has_a_row_of_cards(runs_folder):
    app = open_app("train")
    for goal in GOALS:
        widget(app, "goal of the recipes").set_value(goal)
        shown = [element.key for element in run(app).button if str(element.key).startswith("recipe ")]
        assert shown == [f"recipe {recipe.name}" for recipe in RECIPES if goal in recipe.goals] and 3 <= len(shown) <= 6
    widget(app, "goal of the recipes").set_value("own")
    assert "Bring your own pictures" in [link.proto.label for link in run(app).get("page_link")]


def test_a_card_and_the_start_bar_say_what_it_took_here(runs_folder):
    assert " here" not in words(open_app("train", recipe="fast_mnist"))
    done = create_run(find_recipe("fast_mnist").config(), runs_folder)
    log = EventWriter(done.event_log)
    write_start(log, done, 1)
    write_epoch(log, 1)
    time.sleep(0.01)
    log.write("finished", message="Done.")
    log.close()
    app = open_app("train", recipe="fast_mnist")
    assert "99.2 % expected, 0.1 s here" in words(app)
    assert "About 0.1 s, 930 MB, as the last run with these settings took here" in words(app)
    for path, values, total in (
        ("optimizer.learning_rate", "0.1, 0.01", "All 2 runs: about 0."),
        ("optimizer.learning_rate", "0.01", ""),
        ("training.batch_size", "64, 128", ""),
    ):
        shown = open_app("train", recipe="fast_mnist")
        widget(shown, "sweep settings").set_value([path])
        widget(run(shown), f"sweep {path}").set_value(values)
        said = words(run(shown))
        assert "as the last run" in said and "Creates" in said
        assert total in said and ("runs: about" in said) == bool(total), said
    assert "as the last run" not in words(change(app, "training.batch_size", 64))


def test_what_the_example_took_elsewhere_is_not_said_of_this_computer(runs_folder, monkeypatch):
    copy = runs_folder / "example-digits"
    shutil.copytree(HOME / "checkpoints" / copy.name, copy)
    assert " s here" in words(open_app("train", recipe="digits")), "a run that was brought here counts as one of here"
    monkeypatch.setenv("TRAINDESK_EXAMPLE", str(copy))
    text = words(open_app("train", recipe="digits"))
    assert " s here" not in text and "as the last run" not in text


def test_a_link_names_a_recipe(runs_folder):
    app = open_app("train", recipe="cifar_cnn")
    assert widget(app, "form:architecture").value == "cifar_cnn"
    app = change(app, "training.epochs", 3)
    assert widget(app, "form:training.epochs").value == 3, "the link fills the form once, not at every change"


def test_a_link_with_an_unknown_recipe_is_one_sentence(runs_folder):
    app = open_app("train", recipe="nosuch")
    assert "Unknown recipe 'nosuch'" in sentence(app.warning[0])


def test_a_link_names_a_run_to_train_again(runs_folder):
    app = open_app("train", **{"from": fake_run(runs_folder, "finished", recipe="mlp").id})
    assert widget(app, "form:architecture").value == "mlp"
    assert widget(app, "form:title").value == "MLP"
    assert "The form below holds the settings of **MLP**." in words(app)
    widget(app, "recipe fast_mnist").click()
    assert "The form below holds" not in words(run(app)), "another recipe is in it now"


def test_a_device_of_another_computer_stays_and_is_marked(runs_folder):
    foreign = fake_run(runs_folder, "finished")
    data = find_recipe("digits").config().to_dict()
    data["training"]["device"] = "cuda:7"
    foreign.config_file.write_text(json.dumps(data))
    app = open_app("train", **{"from": foreign.id})
    assert "cuda:7 (not available here)" in widget(app, "form:training.device").options


def test_start_stores_the_run_and_opens_its_page(runs_folder, launched):
    app = change(open_app("train", recipe="digits"), "training.epochs", 2)
    start_button(app).click()
    run(app)
    (started,) = list_runs(runs_folder)
    assert launched == [started.id]
    assert started.config().training.epochs == 2
    assert app.query_params["run"] == started.id
    assert "starting" in words(app)


def test_a_start_that_fails_is_one_sentence(runs_folder, no_launch):
    app = open_app("train")
    start_button(app).click()
    assert sentence(run(app).error[0]) == "The training process could not be started (no memory)."


def test_one_click_on_the_home_page_starts_the_digits(runs_folder, launched):
    app = open_app()
    widget(app, "start digits").click()
    run(app)
    (started,) = list_runs(runs_folder)
    assert launched == [started.id] and started.config() == find_recipe("digits").config()


def test_values_that_were_never_shown_take_their_defaults():
    config, problems = check({"dataset": "mnist", "architecture": "mlp"})
    assert not problems
    assert config.dataset.name == "mnist"
    assert data_of({})["dataset"] == {"name": "digits"}


@pytest.mark.parametrize(
    ("dataset", "sentence"),
    [
        ("digits", "comes with the program"),
        ("mnist", "comes with the program"),
        ("fashion_mnist", "31 MB will be downloaded once"),
        ("cifar10", "170 MB will be downloaded"),
    ],
)
def test_the_form_says_where_the_pictures_come_from(dataset, sentence, runs_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path / "empty"))
    assert sentence in beside(change(open_app("train"), "dataset", dataset), "form:dataset")


def test_mnist_is_not_unpacked_to_show_a_page(runs_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path / "empty"))
    monkeypatch.setattr("core.datasets.mnist.PACKED", tmp_path / "nowhere" / "mnist.xz")
    opened: list[str] = []
    monkeypatch.setattr("core.datasets.mnist.lzma.decompress", opened.append)
    app = open_app("train", recipe="mlp")
    assert widget(app, "form:dataset").value == "mnist" and not start_button(app).disabled
    for page in ("", "classify", "runs", "data"):
        run(go(app, page))
    assert not opened and not (tmp_path / "empty" / "cache").exists()


def test_a_browser_that_is_slow_to_draw_the_form_gets_its_values_again():
    """A second run comes before the widgets of the first are there: of those the browser says nothing."""
    app = open_app("train", recipe="mlp")
    before = shown(app)
    assert len(before) > 15 and before["form:training.epochs"] and before["form:dataset"]
    app._run(widget_state=WidgetStates())
    assert shown(app) == before


def shown(app):
    """What the widgets of the form show where the browser draws them anew."""
    found = {}
    for kind in ("text_input", "number_input", "selectbox", "toggle"):
        for node in app.get(kind):
            proto = node.proto
            if kind == "selectbox":
                found[node.key] = proto.raw_value if proto.set_value else proto.options[proto.default]
            else:
                found[node.key] = proto.value if proto.set_value else proto.default
    return {key: value for key, value in found.items() if key.startswith("form:")}
