"""Whose digits."""

import pytest

from core.datasets.own_images import OwnImages
from core.errors import TrainDeskError
from core.image_sets.folders import list_datasets
from core.image_sets.writers import writers
from core.lessons import find_lesson
from core.lessons.whose_digits import DIGITS, FEWER, MOST, OTHERS, collection, configs
from tests.drawings import draw_digit
from tests.helpers import assert_one_sentence

LESSON = find_lesson("whose_digits")
[START] = LESSON.steps[1].acts


def draw(learner, *names, digits=DIGITS):
    for hand, name in enumerate(names):
        for digit in digits:
            collection(learner.data_folder).keep(name, digit, draw_digit(int(digit), hand, size=96, pen=8, seed=hand))


def test_from_the_drawings_to_why_one_is_read_worst(learner):
    draw(learner, "Anna", "Ben")
    draw(learner, "Cem", digits="0123")
    assert learner.verdicts(LESSON) == [False] * 4
    assert "2 of 3 writers" in learner.said(LESSON, 1) and "Cem has 4 of 10" in learner.said(LESSON, 1)
    assert not START.can(learner.seen())
    with pytest.raises(TrainDeskError) as told:
        configs(learner.seen())
    assert "2 of 3 writers" in str(told.value)
    draw(learner, "Cem", digits="456789")
    draw(learner, "Dora", digits="0")
    learner.answers = {"writer": "Cem", "worst": "Cem", "why": OTHERS}
    assert learner.verdicts(LESSON) == [True, False, False, False] and START.can(learner.seen())
    assert "Dora has 1 of 10, which is too few" in learner.said(LESSON, 1)
    made = configs(learner.seen())
    assert [config.title for config in made] == ["Without Cem", "Without Anna", "Without Ben"]
    for config, test in zip(made, (0.5, 0.9, 0.8), strict=True):
        assert not learner.verdicts(LESSON)[1]
        learner.trains(config, test=test)
    assert learner.verdicts(LESSON) == [True] * 4
    for step in range(1, 5):
        assert_one_sentence(learner.said(LESSON, step).removeprefix("Yes. "))
    assert "Anna 90" in learner.said(LESSON, 2) and "Cem 50" in learner.said(LESSON, 2)
    learner.answers |= {"worst": "Ben"}
    assert learner.verdicts(LESSON) == [True, True, False, False] and "than Ben" in learner.said(LESSON, 3)
    learner.answers |= {"worst": "Cem", "why": FEWER}
    assert learner.verdicts(LESSON) == [True, True, True, False]


def test_nobody_is_worst_where_all_are_read_equally_well(learner):
    draw(learner, "Anna", "Ben", "Cem")
    for config in configs(learner.seen()):
        learner.trains(config, test=1.0)
    learner.answers = {"worst": "Ben", "why": OTHERS}
    assert learner.verdicts(LESSON) == [True, True, False, False]
    assert_one_sentence(learner.said(LESSON, 3), "equally well, 100 %", "add a writer")


def test_whoever_is_left_out_is_the_whole_test_and_no_part_of_the_training(learner):
    draw(learner, "Anna", "Ben", "Cem")
    made = configs(learner.seen())
    [dataset] = list_datasets(learner.data_folder)
    assert dataset.about("owner") == "here"
    for config in made:
        settings = config.dataset
        assert isinstance(settings, OwnImages)
        writer = config.title.removeprefix("Without ")
        members = dataset.members(settings.version)
        assert members.images[members.splits == 2].tolist() == writers(dataset)[writer]
        assert (settings.facts.train_images, settings.facts.test_images) == (20, 10)


def test_of_many_writers_six_are_left_out_the_learner_among_them(learner):
    names = [f"Writer {letter}" for letter in "ABCDEFGH"]
    draw(learner, *names)
    learner.answers = {"writer": names[-1]}
    titles = [config.title for config in configs(learner.seen())]
    assert len(titles) == MOST and titles[:2] == ["Without Writer H", "Without Writer A"]


def test_a_deleted_dataset_leaves_the_lesson_standing(learner):
    draw(learner, "Anna", "Ben", "Cem")
    for config in configs(learner.seen()):
        learner.trains(config)
    [dataset] = list_datasets(learner.data_folder)
    dataset.file.unlink()
    assert learner.verdicts(LESSON) == [True, False, False, False]
