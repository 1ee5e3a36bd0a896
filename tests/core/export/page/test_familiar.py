"""Few pictures that stand for thousands: a page says 'I don't know' where TrainDesk says it."""

import numpy as np
import pytest

from core.export.page import familiar
from core.export.page.familiar import Familiar, mixed, signs
from core.inference import USUALLY_ANSWERED
from core.inference.classifier import Classifier
from core.inference.neighbours import Compared, Neighbours
from tests.doodles import DOODLES, draw_doodle
from tests.pages.trained import train


@pytest.fixture(scope="module")
def classifier(tmp_path_factory, data_folder):
    return Classifier.load(train(tmp_path_factory.mktemp("runs"), data_folder, epochs=6))


@pytest.fixture(scope="module")
def compared(classifier, data_folder):
    return Compared.of(classifier, data_folder)


@pytest.fixture(scope="module")
def made(classifier, compared):
    features, val_features = classifier.embed(compared.train)[0], classifier.embed(compared.val)[0]
    return Familiar.of(features, compared.train, val_features, compared.val)


def test_the_usual_share_of_the_validation_pictures_is_answered(classifier, compared, made):
    scores = made.scores(classifier.embed(compared.val)[0], compared.val)
    assert (scores <= made.limit).mean() == pytest.approx(USUALLY_ANSWERED, abs=1 / len(scores))


def test_nearly_all_pictures_get_the_verdict_that_they_get_in_traindesk(classifier, compared, made, data_folder):
    known = Neighbours.of(classifier, data_folder)
    doodles = np.stack([classifier.prepare(draw_doodle(name, seed)) for name in DOODLES for seed in range(3)])
    for pictures, least in ((compared.val, 0.98), (doodles, 0.85)):
        features = classifier.embed(pictures)[0]
        there, here = known.ood_score(features, pictures) > known.limit(), made.scores(features, pictures) > made.limit
        assert (there == here).mean() >= least
    assert there.mean() > 0.3  # or agreeing would be nothing


def test_many_pictures_are_stood_for_by_few_of_every_kind(monkeypatch):
    monkeypatch.setattr(familiar, "MOST", 40)
    random = np.random.default_rng(0)
    kinds = np.repeat(np.arange(8), 50)
    features = random.normal(size=(8, 300))[kinds] + random.normal(size=(400, 300)) / 10
    pictures = random.integers(0, 256, (8, 1, 28, 28))[kinds].astype(np.uint8)
    made = Familiar.of(features.astype(np.float32), pictures, features[::7].astype(np.float32), pictures[::7])
    assert 8 <= len(made.features) <= 40 and made.axes.shape[0] == familiar.WIDE
    noise = random.normal(size=(20, 300)).astype(np.float32), random.integers(0, 256, (20, 1, 28, 28), dtype=np.uint8)
    strange = made.scores(*noise)
    assert (strange > made.limit).all() and (made.scores(features, pictures) <= made.limit).mean() > 0.9


def test_distances_of_features_are_kept_when_many_are_mixed_into_few():
    random = np.random.default_rng(0)
    features = random.normal(size=(30, 2000)).astype(np.float32)
    features[1] = features[0] * 5 + random.normal(size=2000) / 10
    found = mixed(features)
    assert found.shape == (30, familiar.WIDE) and np.allclose((found**2).sum(1), 1, atol=1e-4)
    assert ((found[0] - found[1]) ** 2).sum() < 0.01 < 1 < ((found[0] - found[2]) ** 2).sum()


def test_signs_are_always_the_same_and_half_of_them_are_positive():
    found = signs(500, 256)
    assert found[0, :12].tolist() == [-1, 1, 1, -1, 1, 1, 1, 1, 1, 1, -1, -1]
    assert abs(found.mean()) < 0.01 and set(np.unique(found)) == {-1, 1}
