"""What a network gets right and wrong: cells, galleries, classes, pairs in words, and whether its confidence can be trusted."""

import json
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.analysis.mistakes import best_of_each_class, confusion, in_cell, worst
from core.glossary import TERMS
from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.predictions import Predictions, read_predictions, write_predictions
from core.runs.store import create_run
from pages.components.run import calibration_view
from pages.components.run.calibration_view import calibration_in_words
from pages.components.run.mistakes_view import SHOWN, cell_in, class_table, pairs_in_words
from pages.components.shell.word_meanings import words_help
from tests.helpers import quick_config
from tests.pages.apps import open_app, run, widget, words
from tests.pages.fake_runs import fake_run, write_start


def open_run(entry, **query):
    return open_app("run", run=entry.id, **query)


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


def test_so_many_of_the_best_pictures_of_each_class_as_one_wants(shown):
    predictions = read_predictions(shown, "test")

    def best(**query):
        text = words(open_run(shown, **query))
        part = text[text.index("Best pictures of each class") :]
        return [int(row) for row in re.findall(r'alt="picture (\d+): (?:\d), taken for', part[: part.index("</div>")])]

    for most in (1, 3):
        places = np.concatenate(best_of_each_class(predictions, most))
        assert len(places) == 10 * most
        assert best(**({"purest": str(most)} if most > 1 else {})) == predictions.rows[places].tolist()[:SHOWN]


def test_the_val_pictures_have_their_own_matrix_and_link(shown):
    app = open_run(shown, split="val")
    assert len(read_predictions(shown, "val")) == History(shown).update().started["val_images"]
    right = int(read_predictions(shown, "val").right.sum())
    assert f"{right} of {len(read_predictions(shown, 'val'))} right" in words(app)


def test_pictures_that_are_not_here_are_said_to_be_missing(shown, monkeypatch, tmp_path):
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path / "elsewhere"))
    assert "not on this computer" in words(open_run(shown, cell="3-3"))


def test_a_class_without_test_pictures_is_unknown_and_left_out_also_of_an_older_log(runs_folder):
    from sklearn.metrics import precision_recall_fscore_support

    entry = fake_run(runs_folder, "interrupted")  # it has no test yet
    matrix = np.zeros((10, 10), dtype=int)
    np.fill_diagonal(matrix, 8)
    matrix[0, 1], matrix[3] = 2, 0
    noted = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "images": 0}  # as releases did that took unknown for 0
    log = EventWriter(entry.event_log)
    scored = {"test/accuracy": 72 / 74, "test/precision": 0.1, "test/recall": 0.1, "test/f1": 0.1}
    per_class = [{"class": str(label), **noted} for label in range(10)]
    log.write("test", **scored, per_class=per_class, confusion_matrix=matrix.tolist(), images=74, from_epoch=3)
    log.write("finished", message="Done.")
    log.close()
    text = words(open_run(entry))
    true, predicted = np.repeat(np.indices(matrix.shape).reshape(2, -1), matrix.ravel(), axis=1)
    known = [label for label in range(10) if label != 3]
    expected = precision_recall_fscore_support(true, predicted, labels=known, average="macro")[:3]
    for title, value in zip(("Precision", "Recall", "F1"), expected, strict=True):
        assert re.search(rf"{title}.*?<dd>{value * 100:.1f} %<small>average of 9 of 10 classes", text, re.DOTALL)
    assert class_table([{"class": "3", **noted}]).split("tbody")[1].strip("></") in text, "a dash for each score"


def test_damaged_predictions_fall_back_to_the_log(shown):
    (shown.folder / "test_predictions.npz").write_bytes(b"half")
    assert "How it does on the test pictures" in words(open_run(shown))


def test_a_single_picture_of_a_bin_is_one(monkeypatch):
    drawn = []
    monkeypatch.setattr(calibration_view, "figure", lambda traces, *rest, **more: drawn.append(traces[1]["text"]))
    logits = np.array([[4.0, 0.0], [4.0, 0.0], [0.1, 0.0]], np.float32)
    predictions = Predictions(logits=logits, labels=np.array([0, 0, 0]), rows=np.arange(3))
    calibration_view.draw_calibration(predictions, "test pictures", "key")
    assert drawn == [["1 picture", "2 pictures"]]


def test_pairs_and_calibration_in_words():
    matrix = np.diag([5, 5, 5])
    assert pairs_in_words(matrix, ["a", "b", "c"]) == "All 15 pictures were recognised."
    assert pairs_in_words(matrix * 0, ["a", "b", "c"]) == ""
    matrix[0, 1] = matrix[1, 0] = 2
    assert "**a** and **b** (4)" in pairs_in_words(matrix, ["a", "b", "c"])
    one = np.array([100])
    assert "too sure" in calibration_in_words(np.array([0.99]), np.array([0.8]), one, 0.19)
    assert "too modest" in calibration_in_words(np.array([0.7]), np.array([0.9]), one, 0.2)
    both = calibration_in_words(np.array([0.55, 0.95]), np.array([0.8, 0.7]), np.array([100, 100]), 0.25)
    assert "too sure of some and too modest of others" in both, "75 % said and 75 % right is neither"
    assert "at its word" in calibration_in_words(np.array([0.9]), np.array([0.9]), one, 0.0)


def test_changes_apply_to_a_config_by_their_paths(trained):
    config = trained.config().with_changes({"optimizer.learning_rate": 0.5, "training.validation_share": 0.2})
    assert config.optimizer.learning_rate == 0.5 and config.training.validation_share == 0.2
    assert config.architecture == trained.config().architecture


def test_a_run_that_was_trained_on_shows_its_new_mistakes(shown):
    app = open_run(shown)
    before = read_predictions(shown, "test")
    assert f"{int(before.right.sum())} of 360 right" in words(app)
    labels = before.labels.copy()
    labels[before.right] = (labels[before.right] + 1) % 10
    write_predictions(shown, "test", Predictions(before.logits, labels, before.rows))
    assert f"{int((before.predicted == labels).sum())} of 360 right" in words(run(app))


def test_a_network_that_looks_at_several_views_of_a_picture_says_so(shown):
    assert "views" not in words(open_run(shown))
    config = shown.config().with_changes({"training.views": "moved"})
    shown.config_file.write_text(json.dumps({"format": 1, **config.to_dict()}))
    assert "The answer to a picture is the mean of those to six views of it." in words(open_run(shown))


def test_a_class_table_names_every_class_as_it_is_written():
    table = class_table([{"class": "<b>", "precision": 1.0, "recall": 0.5, "f1": 0.7, "images": 1200}])
    assert "&lt;b&gt;" in table and "1,200" in table and "<b>" not in table


def many_classes():
    from pages.components.run.mistakes_view import draw_classes

    draw_classes(
        [
            {"class": f"class {n}", "precision": 0.9, "recall": 0.9, "f1": n / 120, "images": 0 if n == 3 else 9}
            for n in range(120)
        ]
    )


def test_of_many_classes_the_hardest_stand_first_and_the_others_are_folded():
    app = run(AppTest.from_function(many_classes))
    assert [expander.label for expander in app.expander] == ["The other 108 classes"]
    text = words(app)
    assert text.index(">class 0<") < text.index(">class 12<") < text.index("The other 108") < text.index(">class 119<")
    assert text.index("The other 108") < text.index(">class 3<"), "a class without pictures is not a hard one"


@pytest.mark.parametrize(("second", "label"), [(0.9, "Best validation accuracy"), (0.97, "Validation accuracy")])
def test_only_the_highest_validation_accuracy_is_called_the_best(second, label, runs_folder):
    """Another one may be that of the best epoch: where the loss chooses, or the last epoch."""
    entry = create_run(quick_config(), runs_folder)
    log = EventWriter(entry.event_log)
    write_start(log, entry, 2)
    log.write("epoch", epoch=1, step=20, best=True, **{"val/accuracy": 0.95})
    log.write("epoch", epoch=2, step=40, best=False, **{"val/accuracy": second})
    log.write("finished", message="Done.")
    log.close()
    assert re.search(rf"<dt>{label} <((?!<dt>).)*<dd>95.0 %<small>epoch 1", words(open_run(entry)), re.DOTALL)
