"""Which training comes first for own pictures, why, and that each kind is one that can start."""

import pytest

from core.image_sets.evidence import SCRATCH, TRANSFER, Evidence, keep_evidence
from core.image_sets.suggest import advice, suggested, within_time
from core.run_config import RunConfig
from tests.helpers import assert_one_sentence
from tests.own import own_dataset

SEEN = Evidence(pictures=200, classes=2, features=0.9, pixels=0.6, originals=0.8, mirrored=0.8)


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path / "data"))
    return own_dataset(tmp_path / "data", tmp_path, {"dots": 110, "rings": 110})


def looked(**found):
    return Evidence(**{**SEEN.__dict__, **found})


def test_without_evidence_photos_begin_with_a_network_that_knows_photos_and_drawings_do_not(dataset):
    assert (advice(dataset, None).first, advice(dataset, Evidence()).first) == (TRANSFER, TRANSFER)
    dataset.set_about(fit="ink")
    told = advice(dataset, SEEN)
    assert told.first == SCRATCH and not told.mirror
    assert_one_sentence(told.why, "drawings")


@pytest.mark.parametrize(
    ("found", "first", "part"),
    [
        ({}, TRANSFER, "knows photos gave 90 %"),
        ({"features": 0.62}, SCRATCH, "helped little"),
        ({"pixels": 0.8}, SCRATCH, "much alike"),  # 0.6 of the way from guessing
    ],
)
def test_the_evidence_decides_and_is_said(dataset, found, first, part):
    told = advice(dataset, looked(**found))
    assert told.first == first
    assert_one_sentence(told.why.replace("\u202f", " "), "200 of your pictures", part)


def test_of_few_pictures_nothing_is_learned_from_scratch(tmp_path):
    few = own_dataset(tmp_path / "data", tmp_path, {"dots": 20, "rings": 20})
    assert advice(few, looked(pixels=0.8)).first == TRANSFER
    assert_one_sentence(advice(few, looked(pixels=0.9)).why, "With 16 of each class")


def test_pictures_are_mirrored_only_where_that_is_harmless_or_chosen(dataset):
    assert advice(dataset, SEEN).mirror
    for doubt in (looked(mirrored=0.5), looked(swapped=("left", "right"))):
        told = advice(dataset, doubt)
        assert not told.mirror
        assert_one_sentence(told.about_mirror, "irror")
    keep_evidence(dataset, 1, looked(swapped=("left", "right")))
    for kind in (TRANSFER, SCRATCH):
        assert not RunConfig.from_dict(suggested(dataset, kind)).augmentation.flip
    dataset.set_about(mirror="on")
    for kind in (TRANSFER, SCRATCH):
        assert RunConfig.from_dict(suggested(dataset, kind)).augmentation.flip


def test_the_first_by_evidence_is_what_is_suggested(dataset):
    assert suggested(dataset)["architecture"]["name"] == "efficientnet_lite0"
    keep_evidence(dataset, 1, looked(features=0.6))
    assert suggested(dataset)["architecture"]["name"] == "photo_cnn"


def test_transfer_keeps_to_its_time():
    assert within_time(229, 1000)[:2] == (224, "head")  # the last layer of few pictures, at full size
    assert within_time(3_690, 1000)[:2] == (128, "last_block")
    assert within_time(5_000, 96)[:2] == (96, "last_block")
    assert within_time(60_000, 1000)[:2] == (96, "head")
    for pictures in (600, 1_800, 3_690, 5_000):
        side, _, epochs = within_time(pictures, 1000)
        assert 10 <= epochs <= 20 and 0.009 * (side / 224) ** 2 * pictures * (epochs + 2) <= 170
