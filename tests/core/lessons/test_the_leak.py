"""The leak."""

import pytest

from core.datasets.own_images import OwnImages
from core.errors import TrainDeskError
from core.image_sets.checks import findings
from core.image_sets.edit import editing
from core.image_sets.folders import delete_dataset
from core.lessons import find_lesson
from core.lessons.the_leak import LABELS, LEAK, LEAKED, LEARNED, TESTED, bring, configs, leaks
from tests.helpers import assert_one_sentence

LESSON = find_lesson("the_leak")


@pytest.mark.parametrize("kind", ["crossing", "doubles"])
def test_from_the_collector_to_the_honest_figure(kind, learner):
    with pytest.raises(TrainDeskError, match="bring them first"):
        configs(learner.seen())
    dataset = bring(learner.seen())
    assert learner.verdicts(LESSON) == [True, False, False, False, False]
    assert leaks(dataset, 1) == 10 * LEAKED
    learner.answers = {"why": LABELS}
    [leaking] = configs(learner.seen())
    first = learner.trains(leaking, test=0.97)
    assert learner.said(LESSON, 4) == "First find out what is wrong with the digits."
    assert learner.verdicts(LESSON) == [True, True, False, False, False] and "97.0" in learner.said(LESSON, 2)
    learner.answers = {"why": LEAK}
    assert learner.verdicts(LESSON) == [True, True, True, False, False]
    assert f"{10 * LEAKED} training pictures are still" in learner.said(LESSON, 4)
    [found] = [each for each in findings(dataset) if each.kind == kind]
    with editing(dataset, found.action) as edit:
        found.repair(edit)
    assert learner.verdicts(LESSON) == [True, True, True, True, False]
    [mended] = configs(learner.seen())
    assert isinstance(mended.dataset, OwnImages) and mended.title != leaking.title
    assert mended.dataset.facts.test_images == 10 * TESTED and mended.dataset.facts.train_images <= 10 * LEARNED
    assert mended.augmentation == leaking.augmentation and mended.training.epochs == leaking.training.epochs
    learner.trains(mended.with_changes({"training.start_from": first.id}), test=0.975)
    assert learner.verdicts(LESSON) == [True, True, True, True, False]
    assert "starts from another run does not count" in learner.said(LESSON, 5)
    assert "press Train without the leak" in learner.said(LESSON, 5)
    assert_one_sentence(learner.said(LESSON, 5))
    learner.trains(mended, test=0.74)
    assert learner.verdicts(LESSON) == [True] * 5
    assert "97.0" in learner.said(LESSON, 5) and "74.0" in learner.said(LESSON, 5)


def test_a_deleted_dataset_is_brought_again(learner):
    delete_dataset(bring(learner.seen()))
    assert learner.verdicts(LESSON) == [False] * 5
    bring(learner.seen())
    assert learner.verdicts(LESSON) == [True, False, False, False, False]


def test_what_somebody_else_brought_does_not_count(learner):
    bring(learner.seen()).set_about(owner="somebody")
    assert learner.verdicts(LESSON) == [False] * 5
