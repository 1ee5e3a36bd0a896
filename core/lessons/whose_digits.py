"""Whose digits: a network that has learned from some people is judged by one whom it never met."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.errors import TrainDeskError
from core.image_sets.edit import editing
from core.image_sets.folders import find_dataset
from core.image_sets.suggest import from_scratch
from core.image_sets.writers import leave_out, left_out
from core.lessons._base import Ask, Draw, Go, Lesson, Seen, Start, Step, Teacher, Verdict, register
from core.lessons._checks import all_finished, comparison, config_of, finished, that_fit
from core.lessons._collection import Collection
from core.lessons._own_sets import LESSON, make_set
from core.run_config import RunConfig
from core.runs.store import MOVING
from core.runs.summary import Summary
from core.text.lists import listed
from core.text.numbers import count, percent

NAME, TITLE = "whose_digits", "Whose digits"
DIGITS = tuple("0123456789")
FEWEST, MOST = 3, 6  # writers: to begin with, and who are left out, one after the other
OTHERS, FEWER, HARDER = (
    "Nobody whom it learned from writes like that.",
    "There are fewer digits of that person.",
    "That person's digits are not right.",
)


def collection(data_folder: Path) -> Collection:
    """The digits of everyone at this dashboard."""
    return Collection(data_folder / "lessons" / NAME, DIGITS, 1)


def drawn(seen: Seen) -> Verdict:
    """Whether enough people have drawn ten digits."""
    digits = collection(seen.data_folder)
    complete = digits.complete()
    few = [
        f"{writer} has {sum(counts.values())} of 10"
        for writer, counts in digits.drawn().items()
        if writer not in complete
    ]
    lacking = f"; {', '.join(few)}, which is too few to judge by" if few else ""
    if len(complete) < FEWEST:
        return Verdict(False, f"{len(complete)} of {FEWEST} writers have drawn ten digits{lacking}.")
    return Verdict(
        True,
        f"{count(len(complete), 'writer')} have drawn ten digits each: {listed(complete, MOST, 'others')}{lacking}.",
    )


def can_start(seen: Seen) -> bool:
    """Whether enough have drawn."""
    return drawn(seen).done


def chosen(seen: Seen) -> list[str]:
    """Who is left out: the learner first, then others, at most so many."""
    complete, own = collection(seen.data_folder).complete(), seen.answers.get("writer")
    return sorted(complete, key=lambda writer: writer != own)[:MOST]


def configs(seen: Seen) -> list[RunConfig]:
    """For each writer a training on everyone else's digits that is tested on that writer's. Raises TrainDeskError."""
    if not can_start(seen):
        raise TrainDeskError(f"{drawn(seen).said.rstrip('.')}; let others draw first.")
    dataset = make_set(seen, NAME, TITLE, collection(seen.data_folder).files())
    made = []
    for writer in chosen(seen):
        with editing(dataset, f"{writer} left out of training") as edit:
            leave_out(edit, writer)
        config = RunConfig.from_dict(from_scratch(dataset, mirror=False))
        made.append(config.with_changes({"title": f"Without {writer}", "experiment": TITLE}))
    return made


def writer_left_out(seen: Seen, config: RunConfig | None) -> str:
    """The writer whose digits are the test of that training, on a dataset of this lesson; "" where there is none."""
    source, version = config.own_dataset() if config else ("", 0)
    if not source or not version:
        return ""
    try:
        dataset = find_dataset(source, seen.data_folder)
        return left_out(dataset, version) if dataset.about(LESSON) == NAME else ""
    except TrainDeskError:
        return ""


def trainings(seen: Seen) -> list[Summary]:
    """Those in which one writer was left out."""
    return that_fit(seen, lambda config: writer_left_out(seen, config))


def accuracies(seen: Seen) -> dict[str, float]:
    """Writer -> the share of their digits that a network reads that never met them, of the newest trainings."""
    done = finished(trainings(seen))
    found = {writer_left_out(seen, config_of(seen, run)): run.test_accuracy or 0.0 for run in done}
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def tried(seen: Seen) -> Verdict:
    """Whether enough writers were left out, and how each fares."""
    known, runs = accuracies(seen), trainings(seen)
    if not runs and not can_start(seen):
        return Verdict(False, f"First {FEWEST} writers have to draw ten digits each.")
    if len(known) < FEWEST or any(run.status in MOVING for run in runs):
        return all_finished(seen, runs, max(FEWEST, len(runs)), "training")
    said = ", ".join(f"{writer} {percent(share, 0)}" for writer, share in known.items())
    return Verdict(True, f"Of their digits is read: {said}.")


def found(seen: Seen) -> Verdict:
    """Whether they named who is read worst."""
    known, answer = accuracies(seen), seen.answers.get("worst")
    if not tried(seen).done:
        return Verdict(False, "First the trainings have to finish.")
    if len(set(known.values())) == 1:
        same = percent(known.popitem()[1], 0)
        return Verdict(
            False,
            f"All are read equally well, {same}; add a writer who writes quite otherwise and start the trainings again.",
        )
    if answer is None:
        return Verdict(False, "Compare the trainings and choose a writer.")
    if known.get(answer, 1.0) > min(known.values()):
        return Verdict(False, f"Somebody else is read worse than {answer}; look at the test accuracy of each training.")
    return Verdict(
        True, f"Yes: of the digits of {answer} it reads {percent(known[answer], 0)}, on average of all {_mean(known)}."
    )


def explained(seen: Seen) -> Verdict:
    """Whether they know why."""
    if not found(seen).done:
        return Verdict(False, "First find out who is read worst.")
    answer = seen.answers.get("why")
    if answer is None:
        return Verdict(False, "Look at that writer's digits beside the others and choose.")
    if answer != OTHERS:
        return Verdict(
            False, "All have given ten digits, and people read all of them: how do they look beside the others?"
        )
    return Verdict(True, "Yes. A network is good for those who are among its pictures.")


def _mean(known: Mapping[str, float]) -> str:
    return percent(sum(known.values()) / len(known), 0)


def compared(seen: Seen) -> tuple[str, Mapping[str, str]] | None:
    """All that have finished."""
    return comparison(finished(trainings(seen))[-MOST:])


def pictures(seen: Seen) -> tuple[str, Mapping[str, str]] | None:
    """The dataset of the newest training."""
    done = trainings(seen)
    config = config_of(seen, done[-1]) if done else None
    return ("data", {"set": config.value_at("dataset.source") or ""}) if config else None


register(
    Lesson(
        name=NAME,
        title=TITLE,
        place=7,
        minutes=25,
        goal="A network is as good for a person as people like that person were among its pictures.",
        steps=(
            Step(
                "Draw ten digits each",
                "Everyone draws the digits 0 to 9 once, in their own way, under a first name or a made-up one. Three writers or "
                "more are needed. Alone? Draw as three: with your right hand, with your left, and as fast as you can.",
                (Draw("writer", "Who is drawing?", collection),),
                drawn,
            ),
            Step(
                "Leave one out",
                f"For each of up to {MOST} writers a network learns the digits of all others, and is then tested on that "
                "writer's. It has never met them.",
                (Start("Leave out one after the other", configs, can_start),),
                tried,
            ),
            Step(
                "Who is read worst?",
                "Compare the trainings: each is named after the writer whom it never met, and its test accuracy is of that "
                "writer's digits alone.",
                (
                    Go("Compare the trainings", compared),
                    Ask(
                        "worst",
                        "Whose digits are read worst?",
                        lambda seen: sorted(accuracies(seen), key=str.casefold) if tried(seen).done else [],
                    ),
                ),
                found,
            ),
            Step(
                "Why?",
                "Look at that writer's digits beside those of the others, in step 1.",
                (
                    Go("See the digits", pictures),
                    Ask(
                        "why",
                        "Why are they read worst?",
                        lambda seen: [FEWER, HARDER, OTHERS] if found(seen).done else [],
                    ),
                ),
                explained,
            ),
        ),
        question="A company's program recognises faces: 99\u202f% of the faces of those who work there. What would you ask "
        "before your school buys it?",
        answer="Whom it was tested on, and how it does for each group of people, above all for those who were hardly among its "
        "pictures. One figure for all hides those it fails. Leaving a person out, as you did, is the honest test: the people it "
        "will meet were not among its pictures either.",
        teacher=Teacher(
            say=(
                "Whose digits will it read worst? Guess before you train.",
                "Nobody is a bad writer here: people can read all of these. Who was missing when it learned?",
            ),
            timing=((10, "Drawing"), (5, "Trainings"), (4, "Compare"), (3, "Look at the digits"), (3, "Question")),
            expected="With three writers half to nine in ten of a stranger's digits, with ten writers nearly all; who uses the "
            "left hand, hurries or writes a 7 with a bar is read worst. Each has ten digits, so one more or less is "
            "10\u202f%.",
            goes_wrong=(
                (
                    "A writer has too few digits.",
                    "With fewer than ten a figure says nothing; their digits are learned from, but nobody is judged by them.",
                ),
                (
                    "All are read equally well.",
                    "Add someone who writes quite otherwise, then start the trainings again.",
                ),
                (
                    "Someone is hurt by being read worst.",
                    "Use made-up names, and say that the network fails that person, not the person the network.",
                ),
                ("The drawings of another class are there.", "The host removes them all below the drawing area."),
            ),
        ),
    )
)
