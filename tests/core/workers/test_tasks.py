"""One measurement a person, few in all, and none that nobody waits for."""

import pytest

from core.workers import tasks
from core.workers.tasks import TaskQueue
from tests.helpers import assert_one_sentence, wait_until


class Asked:
    """A question that the test answers."""

    def __init__(self):
        self.is_over, self.was_ended, self.began, self.found = False, False, tasks.time.monotonic(), None
        self.process = self
        self.returncode, self.kills = 9, 0

    def is_running(self):
        return not self.is_over

    def answer(self):
        return self.found

    def end(self):
        self.was_ended = self.is_over = True


@pytest.fixture
def asked():
    return []


@pytest.fixture
def house(asked):
    house = TaskQueue("measurement", "try smaller settings", most=2)
    yield house
    for each in list(house._all):
        house.end(each)


@pytest.fixture
def ask(house, asked):
    def begin(owner):
        def make():
            asked.append(Asked())
            return asked[-1]

        return house.begin(owner, "settings", make)

    return begin


def test_a_person_has_one_at_a_time(ask, asked):
    first, second = ask("ann"), ask("ann")
    assert len(asked) == 2 and asked[0].was_ended and not asked[1].was_ended
    assert not first.is_running() and not first.problem and second.is_running()


def test_few_are_at_work_and_the_others_wait_for_their_turn(house, ask, asked):
    made = [ask(f"person {number}") for number in range(10)]
    assert len(asked) == 2, "whoever asked"
    assert [house.before(each) for each in made] == [0, 0, *range(1, 9)]
    assert all(each.is_running() for each in made)
    asked[1].found, asked[1].is_over = {"seconds": 1.0}, True
    wait_until(lambda: len(asked) == 3, what="the next one begins")
    assert made[1].found == {"seconds": 1.0} and not made[1].is_running() and asked[1].was_ended
    assert [house.before(each) for each in made[:5]] == [0, 0, 0, 1, 2]
    house.end(made[4])
    assert house.before(made[5]) == 2 and not made[4].is_running()


def test_those_at_which_nobody_looks_end_at_work_or_waiting(ask, asked, house, monkeypatch):
    made = [ask(f"person {number}") for number in range(3)]
    monkeypatch.setattr(tasks, "UNSEEN", 0.3)
    wait_until(lambda: made[2].is_running() and all(each.is_over for each in made[:2]), what="the closed pages' end")
    assert all(each.was_ended for each in asked[:2])
    assert_one_sentence(made[0].problem, "ask again")
    assert len(asked) == 3, "the place is taken by the one that is looked at"
    wait_until(lambda: made[2].is_over and house._thread is None, what="nothing is left to do")


@pytest.mark.parametrize(
    ("answer", "found", "problem"),
    [
        ({"seconds": 1}, {"seconds": 1}, ""),
        ({"error": "Too little memory; choose less."}, None, "Too little memory"),
        (None, None, "without an answer (exit status 9)"),
    ],
)
def test_an_answer_is_taken_also_when_nobody_looks(answer, found, problem, ask, asked):
    made = ask("ann")
    asked[0].found, asked[0].is_over = answer, True
    wait_until(lambda: made.is_over, what="it is taken")
    assert made.found == found and problem in made.problem and asked[0].was_ended


def test_one_that_cannot_be_started_is_a_sentence_and_keeps_no_place(house, ask, asked):
    def cannot():
        raise OSError(12, "Cannot allocate memory")

    broken = house.begin("ann", "x", cannot)
    wait_until(lambda: not broken.is_running(), what="its end")
    assert_one_sentence(broken.problem, "Cannot allocate memory", "free some space or memory")
    assert ask("ben").is_running() and len(asked) == 1
