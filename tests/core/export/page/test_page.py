"""The page is written only when it answers as the network does, and nothing that people named can do harm in it."""

import base64
import hashlib
import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from core.datasets.digits import Digits
from core.errors import TrainDeskError
from core.export.page import page as making
from core.export.page.packing import Unpacked
from core.export.page.page import Checked, coarse, golden_places, html, is_each_by_itself, write_page
from core.inference.classifier import Classifier
from core.inference.neighbours import Neighbours, tempered
from core.runs.metadata import change_metadata
from core.training.losses import LOSSES
from tests.helpers import assert_one_sentence
from tests.pages.trained import copied, train


def quiet(share, doing):
    assert 0 <= share <= 1 and doing


@pytest.fixture(scope="module")
def run(tmp_path_factory, data_folder):
    return train(tmp_path_factory.mktemp("runs"), data_folder)


@pytest.fixture(scope="module")
def written(run, tmp_path_factory, data_folder):
    """(facts, text of the page)."""
    place = tmp_path_factory.mktemp("pages") / "page.html"
    facts = write_page(run, place, "", data_folder, quiet)
    return facts, place.read_text(encoding="utf-8")


def inside(text):
    return Unpacked(re.search(r'id="network">([^<]*)<', text)[1])


def test_the_page_carries_the_networks_own_answers(run, written, data_folder):
    facts, text = written
    page, classifier = inside(text), Classifier.load(run)
    golden = page.words["golden"]
    pixels, answers = page.array(golden["pixels"]), page.array(golden["answers"])
    temperature = Neighbours.of(classifier, data_folder).temperature
    assert len(pixels) == len(answers) == facts["golden"] == 50
    assert np.allclose(tempered(classifier.predict(pixels.transpose(0, 3, 1, 2)), temperature), answers, atol=1e-6)
    assert facts["same"] == facts["pictures"] >= 50 and facts["largest_difference"] <= 1e-3
    assert facts["weights"] == "float16" and facts["multiply_adds"] > 0
    assert page.words["classes"] == list("0123456789") and page.words["drawable"]
    assert page.words["about"][0].startswith("Right on ") and page.words["about"][0].count("360 test pictures") == 1
    assert "Trained on " in page.words["about"][1] and len(text) < 300_000


def test_only_the_pages_own_script_and_style_may_run_and_nothing_may_be_asked_for(written):
    _, text = written
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy and "http" not in policy
    for kind in ("script", "style"):
        (content,) = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert not re.search(r"(src|href)=\"(?!data:)", text) and "{{" not in text.split("<script>")[0]


def test_a_title_that_is_made_to_harm_is_only_a_title(run, tmp_path, data_folder):
    hostile = copied(run, tmp_path)
    change_metadata(hostile, title="</title><script>alert(1)</script>")
    write_page(hostile, tmp_path / "page.html", "", data_folder, quiet)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "alert(1)" in text and "<script>alert" not in text
    assert text.count("<script>") == 1 and text.count("</title>") == 1


def test_braces_in_a_title_fill_nothing_in():
    assert html("{{script}}", "text").count("const Network") == 1


def test_a_run_that_was_tested_with_another_network_says_how_the_validation_went(run, data_folder):
    classifier = Classifier.load(run)
    other = replace(classifier, epoch=1 if classifier.epoch != 1 else 2)
    said = making.about(run, other)["about"][0]
    assert "validation pictures" in said and "not tested" in said


def test_a_network_that_takes_long_gives_no_page_and_says_why(run, tmp_path, data_folder, monkeypatch):
    monkeypatch.setattr(making, "MOST_WORK", 1000)
    with pytest.raises(TrainDeskError) as said:
        write_page(run, tmp_path / "page.html", "", data_folder, quiet)
    assert_one_sentence(str(said.value), "SimpleCNN", "million multiply-adds", "smaller")
    assert not list(tmp_path.iterdir())


def test_a_page_that_answers_otherwise_is_not_written(run, tmp_path, data_folder, monkeypatch):
    monkeypatch.setattr(making, "probabilities_of", lambda page, pixels: np.full((len(pixels), 10), 0.1, np.float32))
    with pytest.raises(TrainDeskError) as said:
        write_page(run, tmp_path / "page.html", "", data_folder, quiet)
    assert_one_sentence(str(said.value), "validation pictures otherwise than the network")
    assert not list(tmp_path.iterdir())


def test_weights_beyond_half_the_digits_are_kept_whole(run, tmp_path, data_folder, monkeypatch):
    load = Classifier.load

    def large(*arguments):
        """The same network, one layer's weights a million times as large and the next one's as small."""
        classifier = load(*arguments)
        first, second = (layer for layer in classifier.model if isinstance(layer, nn.Linear))
        with torch.no_grad():
            first.weight *= 1e6
            first.bias *= 1e6
            second.weight /= 1e6
        return classifier

    monkeypatch.setattr(Classifier, "load", large)
    monkeypatch.setitem(making.WEIGHTS, "float16 and float32", making.WEIGHTS["float16"])
    facts = write_page(run, tmp_path / "page.html", "", data_folder, quiet)
    assert facts["weights"] == "float32" and facts["largest_difference"] < 1e-4


def test_small_layers_keep_their_digits_where_half_of_them_are_too_few(run, tmp_path, data_folder, monkeypatch):
    monkeypatch.setitem(making.WEIGHTS, "float16", (0, 0.0))
    monkeypatch.setitem(making.WEIGHTS, "float16 and float32", (1000, 1e-3))
    facts = write_page(run, tmp_path / "page.html", "", data_folder, quiet)
    assert facts["weights"] == "float16 and float32"
    page = inside((tmp_path / "page.html").read_text(encoding="utf-8"))
    arrays = [each for step in page.words["network"]["operations"] for each in step["arrays"].values()]
    assert {each["kind"]: math.prod(each["shape"]) >= 1000 for each in arrays} == {"f2": True, "f4": False}


def test_differences_that_are_no_numbers_are_not_good():
    assert not Checked(10, 10, float("nan")).is_good(1e-3)
    assert not Checked(10, 9, 0.0).is_good(1e-3) and Checked(10, 10, 1e-4).is_good(1e-3)


def test_large_golden_pictures_become_squares_of_one_colour_and_small_ones_stay():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 3, 70, 33), dtype=np.uint8)
    found = coarse(pictures)
    assert found.shape == pictures.shape and found.dtype == np.uint8
    for y, x in ((0, 0), (3, 30), (69, 30)):  # squares of 3 x 3; what is left over at the edges is an own one
        square = (slice(None), slice(None), slice(y // 3 * 3, y // 3 * 3 + 3), slice(x // 3 * 3, x // 3 * 3 + 3))
        assert (found[square] == np.round(pictures[square].mean((2, 3), keepdims=True))).all()
    assert (coarse(pictures[:, :, :32, :32]) == pictures[:, :, :32, :32]).all()


def test_a_network_without_a_fully_connected_layer_gives_a_page_that_finds_nothing_strange(
    run, tmp_path, data_folder, monkeypatch
):
    load = Classifier.load
    model = nn.Sequential(nn.Conv2d(1, 10, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    monkeypatch.setattr(Classifier, "load", lambda *arguments: replace(load(*arguments), model=model))
    facts = write_page(run, tmp_path / "page.html", "", data_folder, quiet)
    assert (
        facts["familiar"] == 0
        and inside((tmp_path / "page.html").read_text(encoding="utf-8")).words["familiar"] is None
    )


def test_golden_pictures_are_of_all_classes_and_none_is_nearly_tied():
    answers = np.tile(np.float32([0.9, 0.1]), (300, 1))
    answers[::2] = [0.5004, 0.4996]
    labels = np.r_[np.zeros(250, int), np.ones(50, int)]
    chosen = golden_places(answers, labels)
    assert len(chosen) == 50 and (chosen % 2 == 1).all() and (labels[chosen] == 1).sum() == 25


@pytest.mark.parametrize("name", LOSSES.names())
def test_the_probabilities_of_every_loss_are_known(name):
    assert is_each_by_itself(LOSSES.get(name)()) == (name == "bce")


def test_probabilities_that_no_page_knows_are_refused_in_one_sentence():
    class Odd(LOSSES.get("mse")):
        label = "odd"

        def probabilities(self, logits):
            return logits.softmax(1) ** 2

    with pytest.raises(TrainDeskError) as said:
        is_each_by_itself(Odd())
    assert_one_sentence(str(said.value), "'odd'")


def test_pictures_that_no_page_can_prepare_are_refused_in_one_sentence(run, tmp_path, data_folder, monkeypatch):
    plan = replace(Digits().preparation(), function="prepare_otherwise")
    monkeypatch.setattr(Digits, "preparation", lambda self: plan)
    with pytest.raises(TrainDeskError) as said:
        write_page(run, tmp_path / "page.html", "", data_folder, quiet)
    assert_one_sentence(str(said.value), "Tiny digits", "prepare")


def test_a_network_that_looks_at_several_views_does_so_in_the_page(tmp_path, data_folder):
    run = train(tmp_path / "runs", data_folder, epochs=1, training={"views": "moved"})
    facts = write_page(run, tmp_path / "page.html", "", data_folder, quiet)
    assert facts["same"] == facts["pictures"] and facts["largest_difference"] <= 1e-3
    page = inside((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert len(page.words["network"]["views"]) == 6 and facts["multiply_adds"] % 6 == 0
