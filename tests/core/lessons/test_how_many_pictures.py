"""How many pictures does it need?"""

from core.lessons import find_lesson
from core.lessons.how_many_pictures import FIRST, SECOND, configs
from core.run_config import RunConfig

LESSON = find_lesson("how_many_pictures")


def test_the_three_differ_in_their_pictures_alone(learner):
    made = configs(learner.seen())
    assert [config.training.training_pictures for config in made] == [5, 50, 500]
    same = {"title": "", "training.training_pictures": 0}
    assert len({RunConfig.model_dump_json(config.with_changes(same)) for config in made}) == 1


def test_a_guess_the_trainings_and_where_more_helped_most(learner):
    for config, test in zip(configs(learner.seen()), (0.77, 0.95, 0.99), strict=True):
        assert learner.verdicts(LESSON)[1] is False
        learner.trains(config, test=test)
    learner.answers = {"guess": "30 to 60 %", "gain": SECOND}
    assert learner.verdicts(LESSON) == [True, True, False] and "77.0" in learner.said(LESSON, 2)
    learner.answers |= {"gain": FIRST}
    assert learner.verdicts(LESSON) == [True, True, True]


def test_where_luck_had_it_otherwise_that_is_right(learner):
    for config, test in zip(configs(learner.seen()), (0.5, 0.6, 0.9), strict=True):
        learner.trains(config, test=test)
    learner.answers = {"guess": "30 to 60 %", "gain": SECOND}
    assert learner.verdicts(LESSON) == [True, True, True]
