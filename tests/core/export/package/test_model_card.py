"""What the card says is what was measured, in words that hubs and people can read."""

import json

import numpy as np
import pytest

from core.export.package.model_card import Measured, measured, model_card
from core.runs.store import create_run
from tests.helpers import quick_config, with_plain_spaces

PROOF = {"sentence": "142 of 142 pictures get the same answer.", "right": 130, "pictures": 142}


@pytest.fixture
def run(tmp_path):
    return create_run(quick_config(title="My *digits* | <b>"), tmp_path / "runs")


def write_test(run, epoch):
    matrix = np.eye(10, dtype=int) * 36
    matrix[4, 4], matrix[4, 9] = 26, 10
    matrix[7, 7], matrix[7, 1] = 30, 6
    said = {"event": "test", "time": 1.0, "from_epoch": epoch, "confusion_matrix": matrix.tolist()}
    began = {"event": "started", "time": 0.0, "epochs": 3, "total_steps": 9, "class_names": list("0123456789")}
    run.event_log.write_text("".join(json.dumps(event) + "\n" for event in (began, said)))


def card(run, found, data_folder, files=("predict.py", "proof.json")):
    return with_plain_spaces(model_card(run, run.config(), found, PROOF, data_folder, list(files)))


def test_the_test_counts_for_the_network_that_was_tested(run):
    write_test(run, 3)
    found = measured(run, 3, PROOF)
    assert (found.pictures, found.right, found.images) == ("test", 344, 360)
    other = measured(run, 2, PROOF)
    assert (other.pictures, other.right, other.images) == ("validation", 130, 142)


def test_scores_come_with_their_interval_the_worst_classes_and_the_commonest_mistake(run, data_folder):
    write_test(run, 3)
    text = card(run, measured(run, 3, PROOF), data_folder)
    assert "Of 360 test pictures it reads 95.6 % right; with other pictures of the kind 92.9 % to 97.2 %" in text
    table = [line for line in text.splitlines() if line.startswith("| ") and "%" in line]
    assert table[:2] == ["| 4 | 36 | 72.2 % |", "| 7 | 36 | 83.3 % |"]
    assert "Its commonest mistake: 4 taken for 9, 10 of 36 pictures." in text
    assert "1,295 pictures to learn from, 142 held back for validation, 360 for the test" in text
    assert PROOF["sentence"] in text and "up to 7.1 % of its answers may be wrong" in text
    assert "- `predict.py`" in text and "train.py" not in text
    why = "Mine cannot be written as a script yet."
    text = model_card(run, run.config(), measured(run, 3, PROOF), PROOF, data_folder, ["predict.py"], why)
    assert text.endswith(f"The training is not here as a script. {why}\n")


def test_it_says_how_often_the_network_looks(run, data_folder):
    assert "views of it" not in card(run, measured(run, 1, PROOF), data_folder)
    config = run.config().with_changes({"training.views": "mirrored"})
    text = model_card(run, config, measured(run, 1, PROOF), PROOF, data_folder, [])
    assert "The answer to a picture is the mean of those to two views of it." in text


def test_without_a_test_it_says_that_these_pictures_chose_it(run, data_folder):
    text = card(run, measured(run, 1, PROOF), data_folder)
    assert "Of 142 validation pictures it reads 91.5 % right" in text
    assert "chose among its own networks" in text
    assert "split: validation" in text and "value: 0.9155" in text


def test_names_that_people_gave_are_text_and_the_head_is_yaml(run, data_folder):
    yaml = pytest.importorskip("yaml")
    text = card(run, Measured("test", 9, 10), data_folder)
    _, head, body = text.split("---\n", 2)
    said = yaml.safe_load(head)
    assert said["pipeline_tag"] == "image-classification"
    (model,) = said["model-index"]
    assert model["name"] == "My *digits* | <b>"
    assert model["results"][0]["metrics"] == [{"type": "accuracy", "value": 0.9}]
    assert "# My \\*digits\\* \\| \\<b\\>" in body and "<b>" not in body.replace("\\<b\\>", "")
