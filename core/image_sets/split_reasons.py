"""Why a part of a plan is empty or one-sided, in sentences for whoever has to decide before a training starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.image_sets.splitting import TEST, TRAIN, VAL, Plan, Rows
from core.text.lists import quoted
from core.text.numbers import fitting

NAMED = 4  # classes; of more the number is given
LOPSIDED = 0.3  # of the validation pictures would have to be of other classes for the mixture of the training pictures


@dataclass(frozen=True)
class Reason:
    """One thing about a plan that must be known before Start."""

    kind: str  # training, validation, test: empty or of one class; unlearned, unchecked, untested: classes; lopsided
    sentence: str
    stops: bool = False  # does it make a training impossible or what it says of itself meaningless?
    classes: tuple[int, ...] = ()  # that it is about


@dataclass(frozen=True)
class Shared:
    """How a dataset's pictures are shared out, and what is odd about that."""

    names: tuple[str, ...]
    counts: np.ndarray  # (classes, 4) int64, columns TRAIN, VAL, TEST and UNUSED
    reasons: tuple[Reason, ...] = ()
    by_share: bool = True  # are the validation pictures held out by share? False: someone chose them

    def total(self, part: int) -> int:
        """Pictures of a part, of all classes together."""
        return int(self.counts[:, part].sum())

    def stops(self) -> list[str]:
        """The sentences for which no training can start."""
        return [reason.sentence for reason in self.reasons if reason.stops]


def reasons(rows: Rows, plan: Plan, names: Sequence[str]) -> tuple[Reason, ...]:
    """What is wrong with the plan of these pictures, what stops a training first; () if every part has all classes."""
    found = [*_training(plan, names), *_validation(rows, plan, names), *_test(rows, plan, names)]
    return tuple(sorted(found, key=lambda reason: not reason.stops))


def _training(plan: Plan, names: Sequence[str]) -> Iterator[Reason]:
    learned = plan.classes_in(TRAIN)
    if len(learned) < 2:
        only = f"only {named(names, learned)} has" if len(learned) else "no class has"
        yield Reason("training", f"There is nothing to tell apart: {only} pictures to learn from.", True)


def _validation(rows: Rows, plan: Plan, names: Sequence[str]) -> Iterator[Reason]:
    by_share = not (rows.declared == VAL).any()
    validated, checked = plan.classes_in(VAL), plan.total(VAL)
    missing = np.setdiff1d(plan.classes_in(TRAIN), validated)
    classes = tuple(missing.tolist())
    why = _why(rows, names, missing) if by_share else ""
    if not checked:
        yield Reason("validation", f"No picture is left for validation{why}.", True, classes)
    elif len(validated) == 1:
        said = f"All {checked:,} validation pictures are of" if checked > 1 else "The only validation picture is one of"
        nothing = f"it would say nothing about the other classes{why.replace(':', ';', 1)}"
        yield Reason("validation", f"{said} {named(names, validated)}: {nothing}.", True, classes)
    elif classes and by_share:
        said = f"There are no validation pictures of {named(names, missing)}{why}."
        yield Reason("unchecked", said, classes=classes)
    elif classes:
        yield Reason("lopsided", f"The validation pictures that were chosen have none of {named(names, missing)}.")
    elif not by_share and _distance(plan.counts[:, TRAIN], plan.counts[:, VAL]) > LOPSIDED:
        yield Reason("lopsided", "The validation pictures that were chosen are mixed unlike the training pictures.")


def _test(rows: Rows, plan: Plan, names: Sequence[str]) -> Iterator[Reason]:
    """Also of classes that only the test or the validation has."""
    learned, tested = plan.classes_in(TRAIN), plan.classes_in(TEST)
    missing = np.setdiff1d(learned, tested)
    if not len(tested):
        yield Reason("test", f"No picture is kept for the test{_why(rows, names, learned)}.", True)
    elif len(tested) == 1:
        said = f"The test has pictures of {named(names, tested)} only: it would say nothing about the other classes."
        yield Reason("test", said)
    elif len(missing):
        whose = fitting(len(missing), "their")
        said = f"There are no test pictures of {named(names, missing)}: {whose} scores will be unknown (–)."
        yield Reason("untested", said, classes=tuple(missing.tolist()))
    unlearned = np.setdiff1d(np.unique(rows.labels), learned)
    if len(unlearned) and len(learned):
        have, them = fitting(len(unlearned), "have"), fitting(len(unlearned), "them")
        where = "test" if (rows.declared[np.isin(rows.labels, unlearned)] == TEST).all() else "validation or test"
        said = f"{named(names, unlearned)} {have} {where} pictures and none to learn from: no network can know {them}."
        yield Reason("unlearned", said, classes=tuple(unlearned.tolist()))


def named(names: Sequence[str], classes: np.ndarray | Sequence[int]) -> str:
    """'a', 'b' and 'c', or with the number of those beyond the first few."""
    return quoted([names[each] for each in classes], NAMED, "more classes")


def _why(rows: Rows, names: Sequence[str], classes: np.ndarray) -> str:
    """Why these classes have no picture to spare; "" if nothing can be said."""
    alike, single, large = [], [], []
    for label in classes.tolist():
        mine = (rows.labels == label) & (rows.declared == TRAIN)
        groups = len(np.unique(rows.grouped()[mine]))
        if mine.sum() == 1:
            single.append(label)
        elif mine.any() and groups == 1:
            alike.append(label)
        elif mine.sum() > groups:
            large.append(label)
    said = []
    if alike:
        said.append(f"all pictures of {named(names, alike)} look alike, and look-alikes stay on one side")
    if large:
        said.append(f"the groups of look-alikes in {named(names, large)} are too large to hold one out")
    if single:
        has = "has only one picture" if len(single) == 1 else "have only one picture each"
        said.append(f"{named(names, single)} {has} to learn from")
    return f": {'; '.join(said)}" if said else ""


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    """Total variation, 0..1, between the mixtures of two parts, counts (classes,) each."""
    return 0.5 * float(np.abs(first / max(1, first.sum()) - second / max(1, second.sum())).sum())
