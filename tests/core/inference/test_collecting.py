"""Learning while pictures are collected: nothing is looked at twice, what is said is honest, and the newest pictures count."""

import threading

import pytest

from core.image_sets.kept_features import KeptFeatures
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
    assert collecting.wait(240), "it takes too long"
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
    assert live.wait(240) and live.learned.counts == (3, 3)
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
