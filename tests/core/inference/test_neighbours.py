"""Whether a network knows what it does not know."""

from dataclasses import replace

import numpy as np
import pytest

from core.inference import neighbours as module
from core.inference.classifier import Classifier
from core.inference.neighbours import (
    NEIGHBOUR,
    SIDE,
    Compared,
    Neighbours,
    distances,
    fitted_temperature,
    limit_of,
    small,
    tempered,
)
from core.runs.store import create_run
from core.training.layers import layers_of
from core.workers.worker import work
from tests.core.export.networks import random_classifier
from tests.doodles import DOODLES, draw_doodle
from tests.helpers import quick_config


@pytest.fixture(scope="module")
def classifier(tmp_path_factory, data_folder):
    """A small convolutional network of the digits."""
    folder = tmp_path_factory.mktemp("known")
    network = {"name": "simple_cnn", "channels": [16, 32], "hidden": [64]}
    optimizer = {"name": "adam", "learning_rate": 0.005}
    run = create_run(quick_config(epochs=6, architecture=network, optimizer=optimizer), folder)
    assert work(run, data_folder)["event"] == "finished"
    return Classifier.load(run)


@pytest.fixture(scope="module")
def known(classifier, data_folder):
    return Neighbours.of(classifier, data_folder)


def test_distances_are_those_computed_one_by_one():
    random = np.random.default_rng(0)
    bank, pictures = random.normal(size=(50, 7)), random.normal(size=(4, 7))
    expected = np.sort(((pictures[:, None] - bank[None]) ** 2).sum(axis=2), axis=1)[:, :NEIGHBOUR]
    assert np.allclose(distances(bank, pictures), expected)


def test_a_network_that_sees_hardly_any_difference_leaves_the_verdict_to_the_pixels(classifier, known):
    """Its distances are what rounding leaves of them, which every computer does otherwise."""
    chance = np.random.default_rng(0)
    blind = replace(
        known,
        features=known.features[:1] + 0 * known.features,
        val_features=3e-7 * chance.random(len(known.val_features)),
    )
    prepared = np.stack([classifier.prepare(draw_doodle(name, 0)) for name in DOODLES])
    features = np.tile(known.features[:1], (len(prepared), 1))
    scores = blind.ood_score(features, prepared)
    elsewhere = blind.ood_score(features + chance.normal(0, 1e-6, features.shape).astype(np.float32), prepared)
    assert np.abs(scores - elsewhere).max() < 1e-4 * blind.limit()
    flat = small(prepared)
    by_pixels = distances(known.pixels, flat)[:, NEIGHBOUR - 1] / blind.units[1] / 2
    assert np.allclose(scores, by_pixels, atol=1e-4)


def test_of_a_network_that_takes_long_fewer_pictures_are_compared_copies_and_all(data_folder, monkeypatch):
    monkeypatch.setattr(module, "LEAST", 0)
    for augmentation, copies in (({}, 1), ({"rotation": 5}, 2)):
        asked = random_classifier("simple_cnn", "digits")
        asked = replace(asked, config=asked.config.with_changes({"augmentation": augmentation}))
        work = sum(layer.multiply_adds for layer in layers_of(asked.config.architecture, (1, 8, 8), 10))
        monkeypatch.setattr(module, "MOST_WORK", 200 * work)
        pictures = Compared.of(asked, data_folder)
        assert (len(pictures.train), len(pictures.val)) == (150 // copies * copies, 50 // copies * copies)
        assert asked.affordable(200 * work, 300) == 300


@pytest.mark.parametrize("count", [2, 23, 92, 2000])
def test_no_picture_lies_on_the_limit_so_that_rounding_decides_nothing(count):
    """As copies that were changed by nothing are: their scores are equal."""
    scores = np.repeat(np.random.default_rng(count).uniform(0.2, 1, -(-count // 2)), 2)
    for share in (0.5, 0.9, 0.995, 1.0):
        limit = limit_of(scores, share)
        assert np.abs(scores / limit - 1).min() > 2e-4 or count == 2000
        assert ((scores <= limit).mean() - share) * count >= -1
    assert limit_of(np.full(9, 0.5), 0.995) > 0.5 * (1 + 2e-4)


def test_the_share_that_is_asked_for_is_answered(known):
    for share in (0.9, 0.98, 1.0):
        assert (known.val_ood_scores <= known.limit(share)).mean() == pytest.approx(share, abs=0.01)


def test_at_98_percent_of_the_digits_four_of_five_doodles_are_refused(classifier, known):
    prepared = np.stack([classifier.prepare(draw_doodle(name, seed)) for name in DOODLES for seed in range(2)])
    features, _ = classifier.embed(prepared)
    refused = known.ood_score(features, prepared) > known.limit(0.98)
    assert refused.mean() >= 0.8, dict(zip([name for name in DOODLES for _ in range(2)], refused.tolist(), strict=True))


def test_how_strongly_a_network_answers_makes_nothing_strange(classifier, known):
    prepared = np.stack([classifier.prepare(draw_doodle(name, 0)) for name in list(DOODLES)[:5]])
    features, _ = classifier.embed(prepared)
    assert np.allclose(known.ood_score(features, prepared), known.ood_score(5 * features, prepared), rtol=1e-4)
    assert known.nearest(features[0]) == known.nearest(5 * features[0])


def test_a_training_picture_is_most_similar_to_itself(classifier, known, data_folder):
    from core.datasets.thumbnails import pictures_of

    row = int(known.rows[17])
    pixels = pictures_of(classifier.config.dataset, data_folder, "train")[row].transpose(2, 0, 1)
    features, _ = classifier.embed(np.ascontiguousarray(pixels[None]))
    assert known.nearest(features[0], 3)[0] == (row, int(known.labels[17]))


def test_the_answers_are_the_same_with_and_without_looking_at_features(classifier):
    prepared = np.random.default_rng(0).integers(0, 255, (7, 1, 8, 8), dtype=np.uint8)
    assert np.array_equal(classifier.embed(prepared)[1], classifier.predict(prepared))


def test_temperature_calms_a_network_that_is_too_sure():
    random = np.random.default_rng(0)
    logits = random.normal(size=(4000, 5)) * 2
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([random.choice(5, p=shares) for shares in honest])
    proud = tempered(honest, 1 / 3)  # logits three times as large
    assert fitted_temperature(proud, labels) == pytest.approx(3, rel=0.1)
    assert np.allclose(tempered(proud, 3), honest, atol=1e-3)
    assert np.array_equal(tempered(proud, 3).argmax(axis=1), proud.argmax(axis=1)), "no answer changes"


def test_few_right_answers_do_not_make_it_infinitely_sure():
    shares = np.full((20, 10), 0.01)
    shares[:, 3] = 0.91
    assert fitted_temperature(shares, np.full(20, 3)) >= 0.6


def test_large_pictures_are_compared_made_smaller_and_small_ones_as_they_are():
    chance = np.random.default_rng(0)
    digits = chance.integers(0, 256, (2, 1, 28, 28), dtype=np.uint8)
    assert np.array_equal(small(digits), digits.reshape(2, -1).astype(np.float32) / 255)
    photos = chance.integers(0, 256, (2, 3, 100, 100), dtype=np.uint8)  # squares of 4 x 4
    compared = small(photos).reshape(2, 3, 25, 25)
    assert compared[1, 2, 3, 24] * 255 == pytest.approx(round(float(photos[1, 2, 12:16, 96:100].mean())), abs=1e-3)
    assert small(np.zeros((1, 3, 224, 224), np.uint8)).shape == (1, 3 * SIDE * SIDE)
