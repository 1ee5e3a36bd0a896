"""How own pictures are shared out: what is told beforehand, and the edits that mend it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.image_sets.edit import editing
from core.image_sets.shares import Arrangement, arrangement_of, as_suggested, hold_out, remedies, shared_out
from core.image_sets.splitting import TEST, TRAIN, VAL, Rows
from tests.own import class_files, encoded, picture, staged

PARTS = {"train": TRAIN, "val": VAL, "test": TEST}


def arranged(*pictures: tuple[str, str, int, bool]) -> Arrangement:
    """Of (class, part, how many, do they look alike): pictures of one such entry."""
    names = tuple(sorted({name for name, *_ in pictures}))
    labels, declared, group_ids = [], [], []
    for group, (name, part, count, alike) in enumerate(pictures):
        labels += [names.index(name)] * count
        declared += [PARTS[part]] * count
        group_ids += [group * 10_000 + (0 if alike else place) for place in range(count)]
    rows = Rows(np.array(labels), np.array(declared, dtype=np.int8), np.array(group_ids))
    return Arrangement(np.arange(len(labels)) + 1, rows, names, tuple(range(1, len(names) + 1)))


def many(classes: int, part: str, each: int):
    return [(f"class {number:03}", part, each, False) for number in range(classes)]


BURSTS = [(name, part, count, True) for name in ("mug", "pen") for part, count in (("train", 30), ("test", 5))]
LARGE = [*BURSTS[:2], ("pen", "train", 18, True), ("pen", "train", 2, True), ("pen", "test", 5, False)]
ONE_VAL = [("a", "train", 80, False), ("a", "val", 5, False), ("b", "train", 20, False), ("a", "test", 9, False)]
ONE_VAL += [("b", "test", 9, False)]
ONE_PICTURE = [("a", "val", 1, False), *((name, part, 20, False) for name in "ab" for part in ("train", "test"))]
ONLY_TEST = [*((name, part, 20, False) for name in "ab" for part in ("train", "test")), ("c", "test", 10, False)]
SINGLE = [*((name, part, 20, False) for name in "ab" for part in ("train", "test")), ("c", "train", 1, False)]
ONLY_VAL = [*((name, part, 4, False) for name in "abc" for part in ("val", "test"))]
ONLY_VAL += [("a", "train", 20, False), ("b", "train", 20, False)]
NO_TEST = [("a", "train", 20, False), ("b", "train", 20, False)]

KINDS = {  # name -> pictures, what must be told, can it be mended by a button, does it stop a training
    "bursts": (BURSTS, "look alike", True, True),
    "two bursts in a class": (LARGE, "the groups of look-alikes in 'pen' are too large", True, True),
    "bursts without a test": ([each for each in BURSTS if each[1] == "train"], "look alike", True, True),
    "one class in val": (ONE_VAL, "All 5 validation pictures are of 'a'", True, True),
    "one picture in val": (ONE_PICTURE, "The only validation picture is one of 'a'", True, True),
    "500 classes of 2": (many(500, "train", 1) + many(500, "test", 1), "only one picture each", True, True),
    "2 classes of 2": (many(2, "train", 1) + many(2, "test", 1), "only one picture each", False, True),
    "a picture of each class": (many(40, "train", 1), "only one picture each", False, True),
    "no test": (NO_TEST, "No picture is kept for the test", True, True),
    "one class in test": ([*NO_TEST, ("a", "test", 5, False)], "The test has pictures of 'a' only", True, False),
    "a class only in test": (ONLY_TEST, "'c' has test pictures and none to learn from", True, False),
    "a class only in val": (ONLY_VAL, "'c' has validation or test pictures and none to learn from", True, False),
    "a class of one picture": (SINGLE, "no test pictures of 'c'", False, False),
    "val without a class": (
        [*ONE_VAL, ("c", "train", 20, False), ("c", "val", 9, False)], "chosen have none of 'b'", True, False),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_empty_or_one_sided_is_told_and_its_button_mends_it(kind):
    pictures, told, mends, stops = KINDS[kind]
    made = arranged(*pictures)
    shared = as_suggested(made)
    reason = next(reason for reason in shared.reasons if told in reason.sentence)
    assert reason.stops == stops and bool(shared.stops()) == stops
    assert bool(remedies(made, reason)) == mends
    for _ in range(5):  # the advice, followed to its end
        left = [each for each in as_suggested(made).reasons if remedies(made, each)]
        if not left:
            break
        made = remedies(made, left[0])[0].after
    assert not left, "each button brings it on"
    assert mends <= (not as_suggested(made).stops())


def test_pictures_in_order_are_told_nothing():
    made = arranged(*((name, part, count, False) for name in "abc" for part, count in (("train", 30), ("test", 8))))
    shared = as_suggested(made)
    assert shared.reasons == () and shared.counts[:, TRAIN].tolist() == [27, 27, 27]
    assert shared.counts[:, VAL].tolist() == [3, 3, 3] and shared.counts[:, TEST].tolist() == [8, 8, 8]


@settings(deadline=None, max_examples=150)  # a busy machine is no failure
@given(st.data())
def test_every_part_has_two_classes_or_it_is_said_why_not(data):
    entry = st.tuples(st.sampled_from("abcd"), st.sampled_from(list(PARTS)), st.integers(1, 9), st.booleans())
    made = arranged(*data.draw(st.lists(entry, min_size=1, max_size=8)))
    share, seed = data.draw(st.floats(0.01, 0.5)), data.draw(st.integers(0, 99))
    plan, shared = made.plan(share, seed), shared_out(made, share, seed)
    told = {reason.kind: reason for reason in shared.reasons}
    for part, kind in ((TRAIN, "training"), (VAL, "validation"), (TEST, "test")):
        assert (len(plan.classes_in(part)) < 2) == (kind in told)
        if not plan.total(part):
            assert told[kind].stops
    for reason in shared.reasons:
        assert reason.sentence.endswith(".") and "  " not in reason.sentence
        for remedy in remedies(made, reason, share, seed):
            after = shared_out(remedy.after, share, seed)
            assert len(after.stops()) <= len(shared.stops()) - reason.stops
            assert len(remedy.after.images) == len(made.images)


def burst(kind: str, before: str, count: int) -> dict[str, bytes]:
    """The same picture in many qualities."""
    image = picture(kind, 5, (96, 80))
    return {f"{before}{kind}/{n}.jpg": encoded(image, "JPEG", quality=70 + n) for n in range(count)}


@pytest.mark.parametrize("number", [0, 1])
def test_the_edit_does_what_was_tried_on_numbers(tmp_path, number):
    files = burst("dots", "train/", 12) | burst("stripes", "train/", 12)
    files |= class_files({"dots": 4, "stripes": 4}, "test/", 70)
    dataset, _ = staged(tmp_path, files)
    made = arrangement_of(dataset)
    [reason] = as_suggested(made).reasons
    remedy = remedies(made, reason)[number]
    with editing(dataset, remedy.label) as edit:
        remedy.apply(edit)
    after = arrangement_of(dataset)
    np.testing.assert_array_equal(after.rows.declared, remedy.after.rows.declared)
    np.testing.assert_array_equal(after.rows.group_ids, remedy.after.rows.group_ids)
    assert as_suggested(after).reasons == ()
    assert as_suggested(arrangement_of(dataset, 1)).stops(), "the version before is as it was"


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_so_many_are_held_out_for_the_test_as_was_asked_and_bursts_stay_together(tmp_path, share):
    files = class_files({"dots": 40, "stripes": 40}, "", 70) | burst("rings", "", 6)
    files |= class_files({"rings": 30}, "", 90)
    dataset, _ = staged(tmp_path, files)
    made = arrangement_of(dataset)
    change_to = hold_out(made, share)
    with editing(dataset, change_to.label) as edit:
        change_to.apply(edit)
    after = arrangement_of(dataset)
    np.testing.assert_array_equal(after.rows.declared, change_to.after.rows.declared)
    for label in range(3):
        mine = after.rows.labels == label
        assert abs((after.rows.declared[mine] == TEST).mean() - share) < 0.1
    for group in np.unique(after.rows.group_ids):
        assert len(np.unique(after.rows.declared[after.rows.group_ids == group])) == 1
    np.testing.assert_array_equal(arrangement_of(dataset, 1).rows.declared, made.rows.declared)


def test_what_is_kept_for_validation_stays_there_when_the_test_changes():
    made = arranged(*[("one", "val", 0, True)] * 3, *[("one", "train", 0, True)] * 7, *[("two", "test", 0, True)] * 10)
    after = hold_out(made, 0.5).after.rows.declared
    assert (after[:3] == VAL).all() and (after[3:] != VAL).all()
