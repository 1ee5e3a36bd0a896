"""Learning while pictures are collected: nothing is looked at twice, what is said is honest, and the newest pictures count."""

import sqlite3
import threading

import numpy as np
import pytest

from core.image_analysis.ridge import folds_in_order, learn
from core.image_sets.kept_features import KeptFeatures, content_key
from core.image_sets.suggest import collected_how
from core.inference import collecting as module
from core.inference.collecting import FEWEST, JUDGED, Collecting, Example, Eye
from pages.components.data.already import how_well
from tests.doodles import draw_doodle
from tests.own import encoded, picture

INK = collected_how("ink")


def drawings(names, count, first=0):
    return [
        Example(f"{name} {number}", name, lambda n=name, s=number: encoded(draw_doodle(n, s)))
        for number in range(first, first + count)
        for name in names
    ]


class Counting(Eye):
    """Counts the pictures that the network sees, in batches."""

    def __init__(self, folder):
        super().__init__(KeptFeatures(folder))
        self.seen = []

    def features(self, pixels):
        self.seen.append(len(pixels))
        return super().features(pixels)


def learned(collecting, examples, how=INK):
    collecting.follow(examples, how)
    assert collecting.wait(120), "it takes too long"
    return collecting.learned


def test_it_answers_reads_each_picture_once_and_not_again_after_a_restart(tmp_path):
    eye = Counting(tmp_path)
    live = Collecting(eye)
    names = ["cross", "heart", "spiral"]
    assert learned(live, drawings(names, 1)) is None and not live.problem, f"{FEWEST} of each are needed"
    assert learned(live, drawings(names[:1], 5)) is None, "and two classes"
    seen = sum(eye.seen)
    found = learned(live, drawings(names, 6))
    assert sum(eye.seen) == seen + 18 - 7, "seven of them were seen before"
    assert found.class_names == ("cross", "heart", "spiral") and found.counts == (6, 6, 6)
    assert found.right and sum(found.right) >= 16
    for name in names:
        answer = found.probabilities(found.prepare(draw_doodle(name, 700)))
        assert found.class_names[int(answer.argmax())] == name and answer.sum() == pytest.approx(1)
    again = Counting(tmp_path)
    assert learned(Collecting(again), drawings(names, 6)).class_names == found.class_names
    assert again.seen == [], "all are on disk"
    more = learned(live, [*drawings(names, 6), *drawings(["arrow"], 6)])
    assert len(more.class_names) == 4 and sum(again.seen) == 0


def test_the_first_picture_of_another_class_silences_nothing(tmp_path):
    live = Collecting(Eye(KeptFeatures(tmp_path)))
    two = drawings(["cross", "heart"], 3)
    assert learned(live, two).waiting == ()
    found = learned(live, [*two, *drawings(["arrow"], 1)])
    assert found.class_names == ("cross", "heart") and found.counts == (3, 3) and found.waiting == ("arrow",)
    assert "learns **arrow** from 2 pictures on" in how_well(found)
    assert learned(live, [*two, *drawings(["arrow"], 2)]).class_names == ("arrow", "cross", "heart")


def test_too_few_to_judge_are_not_judged(tmp_path):
    live = Collecting(Eye(KeptFeatures(tmp_path)))
    assert learned(live, drawings(["cross", "heart"], JUDGED - 1)).right == ()
    assert len(learned(live, drawings(["cross", "heart"], JUDGED)).right) == 2


def test_the_newest_pictures_count_and_what_was_overtaken_is_not_learned(tmp_path):
    eye, go = Counting(tmp_path), threading.Event()
    eye.learning.submit(go.wait)
    live = Collecting(eye)
    for first in (0, 10, 20):
        live.follow(drawings(["cross", "heart"], 3, first), INK)
    assert not live.wait(0), "it is busy"
    go.set()
    assert live.wait(120) and live.learned.counts == (3, 3)
    assert sum(eye.seen) == 6, "of those that were overtaken none was looked at"


def test_of_very_many_some_are_learned_from(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST", 10)
    live = Collecting(Eye(KeptFeatures(tmp_path)))
    many = [*drawings(["cross", "heart"], 14), *drawings(["arrow"], 2)]
    assert learned(live, many).counts == (2, 5, 5), "a small class keeps its few"


def test_a_picture_that_is_gone_is_told_in_a_sentence(tmp_path):
    live = Collecting(Eye(KeptFeatures(tmp_path)))
    there = drawings(["cross", "heart"], 3)
    assert learned(live, [*there, Example("gone", "cross", (tmp_path / "gone.png").read_bytes)]) is None
    assert live.problem.startswith("A picture is gone") and live.problem.endswith(".")
    assert learned(live, there) is not None and not live.problem


def test_photos_are_told_apart_too(tmp_path):
    live, how = Collecting(Eye(KeptFeatures(tmp_path))), collected_how("")
    examples = [
        Example(f"{kind} {n}", kind, lambda k=kind, s=n: encoded(picture(k, s)))
        for n in range(JUDGED)
        for kind in ("dots", "rings")
    ]
    found = learned(live, examples, how)
    assert found.class_names[int(found.probabilities(found.prepare(picture("rings", 99))).argmax())] == "rings"


def test_kept_features_are_bounded_and_outlive_damage(tmp_path):
    kept = KeptFeatures(tmp_path, most=5)
    rows = {content_key(bytes([n]), "x"): np.full(4, n, np.float32) for n in range(8)}
    for key, row in rows.items():
        kept.put({key: row})
    found = KeptFeatures(tmp_path).get(list(rows))
    assert set(found) == set(list(rows)[3:]), "the newest stay"
    assert all(np.array_equal(found[key], rows[key]) for key in found)
    assert content_key(b"a", "x") != content_key(b"a", "y") != content_key(b"b", "y")
    kept.file.write_bytes(b"no database at all, but long enough to be read as one" * 50)
    assert kept.get(list(rows)) == {}
    kept.put(rows)
    assert len(kept.get(list(rows))) == 5
    with sqlite3.connect(kept.file) as connection:
        connection.execute("drop table features")
    assert kept.get(list(rows)) == {}


def test_where_nothing_can_be_kept_nothing_is_raised(tmp_path):
    (tmp_path / "cache").write_bytes(b"a file where a folder should be")
    kept = KeptFeatures(tmp_path / "cache")
    kept.put({b"a": np.zeros(3)})
    assert kept.get([b"a"]) == {}


def test_held_out_pictures_are_judged_by_heads_that_did_not_learn_them():
    """Labels by chance: a head that knew the pictures would read nearly all."""
    random = np.random.default_rng(0)
    rows, codes = random.normal(size=(60, 200)).astype(np.float32), np.arange(60) % 2
    learned = learn(rows, codes, folds_in_order(codes, np.arange(60)))
    assert (learned.said == codes).mean() < 0.75
    assert (learned.head.probabilities(rows).argmax(1) == codes).mean() > 0.95


def test_of_few_pictures_that_are_all_read_right_it_is_not_wholly_sure():
    for count, least, most in ((10, 0.7, 0.97), (400, 0.98, 0.9999)):
        codes = np.arange(count) % 2
        rows = np.stack([codes, 1 - codes, np.random.default_rng(0).normal(size=count)], axis=1).astype(np.float32)
        learned = learn(rows, codes, folds_in_order(codes, np.arange(count)))
        assert (learned.said == codes).all()
        assert least < learned.head.probabilities(rows).max(1).mean() < most


def test_a_burst_of_photos_and_look_alikes_are_held_out_together():
    codes = np.repeat([0, 1], 20)
    groups = np.arange(40)
    groups[[0, 19]] = 99  # look alike, far apart
    folds = folds_in_order(codes, groups)
    assert folds[0] == folds[19] and set(folds) == set(range(5))
    assert folds[4:8].tolist() == [1, 1, 1, 1], "neighbours are together"


def test_a_small_class_is_not_drowned_by_a_large_one():
    random = np.random.default_rng(1)
    codes = np.array([0] * 95 + [1] * 5)
    rows = (random.normal(size=(100, 20)) + 0.8 * codes[:, None]).astype(np.float32)
    head = learn(rows, codes, folds_in_order(codes, np.arange(100))).head
    fresh = (random.normal(size=(200, 20)) + 0.8).astype(np.float32)
    assert (head.probabilities(fresh).argmax(1) == 1).mean() > 0.6
