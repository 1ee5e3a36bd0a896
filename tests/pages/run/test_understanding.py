"""The parts of a run's page that help to understand it: watch it learn, mistakes, the coach, the network, words."""

import json
import re
import shutil

import numpy as np
import pytest

from core.analysis.coach import advise, curves_of
from core.analysis.mistakes import confusion, in_cell, worst
from core.glossary import TERMS
from core.runs.history import History
from core.runs.predictions import Predictions, read_predictions, write_predictions
from core.runs.snapshots import SnapshotStore
from pages.components.run.calibration_view import calibration_in_words
from pages.components.run.mistakes_view import SHOWN, cell_in, pairs_in_words
from pages.components.shell.pictures import sheet
from pages.components.shell.word_meanings import words_help
from pages.components.train.network_view import large, network
from tests.helpers import with_plain_spaces
from tests.pages.apps import open_app, run, widget, words
from tests.pages.fake_runs import EventWriter, fake_run, running, write_start
from tests.pages.trained import copied, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data_folder):
    return train(tmp_path_factory.mktemp("trained"), data_folder)


@pytest.fixture
def shown(trained, runs_folder):
    return copied(trained, runs_folder)


def open_run(entry, **query):
    return open_app("run", run=entry.id, **query)


def slider(app):
    return next(element for element in app.select_slider if element.label == "Epoch")


def test_the_slider_moves_pictures_matrix_and_filters_together(shown):
    app = open_run(shown)
    store = SnapshotStore(shown)
    assert slider(app).value == 4 and "epoch" not in app.query_params
    for epoch in (1, 3):
        slider(app).set_value(epoch)
        text = words(run(app))
        right = int((store.read(epoch).probabilities.argmax(axis=1) == store.probe_images().labels).sum())
        assert f"After epoch {epoch} it knows {right} of them" in text
        assert f"first layer after epoch {epoch}" in text
        assert app.query_params["epoch"] in (str(epoch), [str(epoch)])
    slider(app).set_value(4)
    run(app)
    assert "epoch" not in app.query_params, "the newest needs no word in the address"


def test_a_link_opens_at_its_epoch(shown):
    assert slider(open_run(shown, epoch="2")).value == 2
    assert slider(open_run(shown, epoch="77")).value == 4
    assert slider(open_run(shown, epoch="<b>")).value == 4


def test_while_it_trains_the_newest_epoch_is_followed_until_someone_moves_the_slider(trained, runs_folder):
    entry = fake_run(runs_folder, "starting")
    with running(entry, done=2):
        shutil.copytree(trained.folder / "looks", entry.folder / "looks")
        for epoch in (3, 4):
            (entry.folder / "looks" / f"{epoch:06d}.npz").rename(entry.folder / f"{epoch}.npz")
        app = open_run(entry)
        assert slider(app).value == 2
        (entry.folder / "3.npz").rename(entry.folder / "looks" / "000003.npz")
        assert slider(run(app)).value == 3
        slider(app).set_value(1)
        run(app)
        (entry.folder / "4.npz").rename(entry.folder / "looks" / "000004.npz")
        assert slider(run(app)).value == 1


def test_damaged_looks_are_one_sentence(shown):
    (SnapshotStore(shown).folder / "000004.npz").write_bytes(b"half")
    assert "cannot be read" in words(open_run(shown))


def test_a_run_without_looks_and_predictions_shows_what_its_log_says(runs_folder):
    text = words(open_run(fake_run(runs_folder, "finished")))
    assert "Watch it learn" not in text and "How it does on the test pictures" in text


def test_precision_and_recall_are_told_of_a_class_of_this_run(shown):
    text = words(open_run(shown))
    assert "Of the pictures it takes for 0, the share that really are 0." in text and "takes for a 3" not in text
    assert "takes for ants, the share that really are ants" in words_help("precision", "F1", of_class="ants")
    assert all("3" not in TERMS[name].text for name in ("precision", "recall"))


def test_a_cell_opens_the_pictures_behind_it_most_confident_first(shown):
    predictions = read_predictions(shown, "test")
    matrix = confusion(predictions)
    np.fill_diagonal(matrix, 0)
    true, predicted = (int(place) for place in np.unravel_index(matrix.argmax(), matrix.shape))
    text = words(open_run(shown, cell=f"{true}-{predicted}"))
    places = in_cell(predictions, true, predicted)
    assert f"**{true}** taken for **{predicted}**: {len(places)} picture" in text
    rows = re.findall(rf'alt="picture (\d+): {true}, taken for {predicted}"', text)[: len(places)]
    assert [int(row) for row in rows] == predictions.rows[places].tolist()[:SHOWN]


def test_closing_the_cell_takes_it_out_of_the_address(shown):
    app = open_run(shown, cell="3-3")
    assert "recognised:" in words(app)
    widget(app, "close the cell").click()
    assert "recognised:" not in words(run(app)) and "cell" not in app.query_params


@pytest.mark.parametrize("text", ["", "3", "3-", "-3", "3-99", "a-b", "3-3-3", "0x1-2", "٣-3x"])
def test_a_cell_that_makes_no_sense_is_none(text):
    assert cell_in(text, 10) is None


def test_the_worst_mistakes_come_with_what_the_network_said(shown):
    predictions = read_predictions(shown, "test")
    places = worst(predictions)
    text = words(open_run(shown))
    first = int(predictions.rows[places[0]])
    assert f"picture {first}: {predictions.labels[places[0]]}, taken for {predictions.predicted[places[0]]}" in text


def test_the_val_pictures_have_their_own_matrix_and_link(shown):
    app = open_run(shown, split="val")
    assert len(read_predictions(shown, "val")) == History(shown).update().started["val_images"]
    right = int(read_predictions(shown, "val").right.sum())
    assert f"{right} of {len(read_predictions(shown, 'val'))} right" in words(app)


def test_pictures_that_are_not_here_are_said_to_be_missing(shown, monkeypatch, tmp_path):
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path / "elsewhere"))
    assert "not on this computer" in words(open_run(shown, cell="3-3"))


def test_damaged_predictions_fall_back_to_the_log(shown):
    (shown.folder / "test_predictions.npz").write_bytes(b"half")
    assert "How it does on the test pictures" in words(open_run(shown))


def test_pairs_and_calibration_in_words():
    matrix = np.diag([5, 5, 5])
    assert pairs_in_words(matrix, ["a", "b", "c"]) == "All 15 pictures were recognised."
    matrix[0, 1] = matrix[1, 0] = 2
    assert "**a** and **b** (4)" in pairs_in_words(matrix, ["a", "b", "c"])
    one = np.array([100])
    assert "too sure" in calibration_in_words(np.array([0.99]), np.array([0.8]), one, 0.19)
    assert "too modest" in calibration_in_words(np.array([0.7]), np.array([0.9]), one, 0.2)
    assert "at its word" in calibration_in_words(np.array([0.9]), np.array([0.9]), one, 0.0)


def test_the_coach_speaks_on_the_page_what_it_says_of_the_curves(shown):
    text = with_plain_spaces(words(open_run(shown)))
    advice = advise(curves_of(History(shown).update(), shown.config()))
    if advice is None:
        assert "remedy" not in text
    else:
        assert advice.sentence in text and with_plain_spaces(advice.evidence[1:]) in text


def diverging_run(runs_folder):
    entry = fake_run(runs_folder, "starting")
    log = EventWriter(entry.event_log)
    write_start(log, entry, 6)
    for epoch, loss in enumerate([2.0, 1.0, 0.6, 0.9, 1.9, 3.4], start=1):
        metrics = {"train/loss": loss, "train/accuracy": 0.5, "val/loss": loss, "val/accuracy": 0.5}
        log.write("epoch", epoch=epoch, step=20 * epoch, best=epoch == 3, seconds=1.0, memory_bytes=1, **metrics)
    log.write("finished", message="Done.")
    log.close()
    return entry


def test_the_remedy_fills_the_form_and_marks_what_it_changed(runs_folder):
    entry = diverging_run(runs_folder)
    app = open_run(entry)
    assert "the steps are too long" in words(app)
    button = widget(app, f"remedy {entry.id}")
    rate = entry.config().optimizer.learning_rate
    assert f"{rate / 10:g}" in button.label
    button.click()
    app = run(app)
    assert app.title[0].value == "Train a network"
    assert widget(app, "form:optimizer.adam.learning_rate").value == f"{rate / 10:g}"
    assert "Changed from" in words(app)


def test_a_loss_that_jumped_is_answered_with_the_learning_rate_of_before(runs_folder):
    entry = fake_run(runs_folder, "starting")
    with running(entry, epochs=12, done=3) as log:
        log.write("learning_rate", step=60, learning_rate=0.7)
        metrics = {"train/loss": 9.0, "train/accuracy": 0.3, "val/loss": 8.0, "val/accuracy": 0.4}
        log.write("epoch", epoch=4, step=80, best=False, seconds=1.0, memory_bytes=1, **metrics)
        app = open_run(entry)
        assert "jumped" in words(app) and "when the learning rate became 0.7" in words(app)
        button = widget(app, f"remedy {entry.id}")
        rate = entry.config().optimizer.learning_rate
        assert button.label == f"Set it back to {rate:g}"
        button.click()
        app = run(app)
        assert float(entry.learning_rate_request.read_text()) == rate


def test_changes_apply_to_a_config_by_their_paths(trained):
    config = trained.config().with_changes({"optimizer.learning_rate": 0.5, "training.validation_share": 0.2})
    assert config.optimizer.learning_rate == 0.5 and config.training.validation_share == 0.2
    assert config.architecture == trained.config().architecture


def test_the_network_of_a_run_is_drawn_with_shapes_weights_and_work(shown):
    described = json.loads(shown.network.read_text())
    html = network(described)
    weights = sum(layer["parameters"] for layer in described["layers"])
    assert weights == History(shown).update().started["parameters"]
    assert f"{weights:,} weights" in html and "8 x 8 x 8" in html and "convolution 3 x 3, 8 filters" in html
    assert "The network" in [expander.label for expander in open_run(shown).expander]


@pytest.mark.parametrize("content", ["", "[]", '{"layers": [{}]}', '{"input": [1,8,8]}'])
def test_a_damaged_description_is_left_out(shown, content):
    shown.network.write_text(content)
    assert "The network" not in [expander.label for expander in open_run(shown).expander]


def test_large_numbers_in_words():
    assert [large(number) for number in (12, 198_800, 3_870_000, 1_820_000_000)] == [
        "12",
        "198,800",
        "3.9 million",
        "1.82 billion",
    ]


def test_a_sheet_of_filters_keeps_each_in_its_own_place():
    filters = np.stack([np.full((2, 2, 1), value, np.float32) for value in (1.0, -1.0, 0.0)])
    picture = sheet(filters, columns=2, enlarge=3)
    assert picture[0, 0].tolist() == [255, 255, 255, 255] and picture[0, -1].tolist() == [0, 0, 0, 255]
    assert picture[-1, 0].tolist() == [128, 128, 128, 255] and picture[-1, -1, 3] == 0


def test_a_run_that_was_trained_on_shows_its_new_mistakes(shown):
    app = open_run(shown)
    before = read_predictions(shown, "test")
    assert f"{int(before.right.sum())} of 360 right" in words(app)
    labels = before.labels.copy()
    labels[before.right] = (labels[before.right] + 1) % 10
    write_predictions(shown, "test", Predictions(before.logits, labels, before.rows))
    assert f"{int((before.predicted == labels).sum())} of 360 right" in words(run(app))


def test_the_network_of_the_form_is_described_by_the_real_program_once_for_each_architecture(runs_folder, monkeypatch):
    from pages.components.train import network_view
    from tests.helpers import quick_config

    asked = []
    ask = network_view.ask_core
    monkeypatch.setattr(network_view, "ask_core", lambda *words: asked.append(words) or ask(*words))
    network_view._described.clear()

    found, problem = network_view.describe(quick_config(architecture={"name": "mlp", "hidden": [7]}))
    assert not problem and [layer["parameters"] for layer in found["layers"] if layer["parameters"]] == [455, 80]
    network_view.describe(quick_config(architecture={"name": "mlp", "hidden": [7]}, epochs=9))
    assert len(asked) == 1, "the number of epochs does not change a network"
    assert network_view.describe(quick_config(architecture={"name": "mlp", "hidden": [9]}))[0] != found
