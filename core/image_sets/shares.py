"""How own pictures will be shared out, and the edits that mend a plan in which a part is empty or one-sided.

A remedy is offered only when the plan after it is really better: it is tried on numbers before anyone can press it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from core.image_sets.edit import Edit
from core.image_sets.own_dataset import SPLITS, Members, OwnDataset
from core.image_sets.remembered import remembered
from core.image_sets.split_reasons import Reason, Shared, reasons
from core.image_sets.splitting import TEST, TRAIN, VAL, Plan, Rows, held_out_groups, plan_of
from core.text.numbers import percent

MOST = 2  # remedies that are offered


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The pictures of enabled classes of a version: what is declared of each, and which look alike."""

    images: np.ndarray  # (N,) int64
    rows: Rows  # labels are places in `names`
    names: tuple[str, ...]
    class_ids: tuple[int, ...]

    def plan(self, share: float, seed: int, limit: int = 0) -> Plan:
        """Of all pictures; those that take no part are test pictures of classes nobody learns."""
        return plan_of(self.rows, len(self.names), share, seed, limit)

    def usual_share(self) -> float:
        """For validation, see `usual_share`."""
        return usual_share(self.rows.labels[self.rows.declared != TEST])


@dataclass(frozen=True)
class Remedy:
    """A button."""

    label: str
    apply: Callable[[Edit], None]
    after: Arrangement  # the arrangement that it makes


@remembered(8)
def arrangement_of(dataset: OwnDataset, version: int | None = None) -> Arrangement:
    """Of a version, None: the newest. Raises OwnDataError."""
    return arranged(dataset.members(version), {each.id: each.name for each in dataset.classes(version)})


def arranged(members: Members, names: dict[int, str]) -> Arrangement:
    """Of pictures, all of classes that have a name here (class id -> name)."""
    ids, labels = np.unique(members.classes, return_inverse=True)
    rows = Rows(labels, members.splits, members.group_ids)
    return Arrangement(members.images, rows, tuple(names[each] for each in ids.tolist()), tuple(ids.tolist()))


def usual_share(classes: np.ndarray) -> float:
    """Of training pictures of these classes (N,) for validation: a tenth, or what one of each class makes."""
    labels = len(np.unique(classes))
    return round(float(min(0.5, max(0.1, 1.2 * labels / max(1, len(classes))))), 2)


def as_suggested(made: Arrangement) -> Shared:
    """As a training will that nobody has changed the suggested settings of."""
    return shared_out(made, made.usual_share(), 0)


@lru_cache(maxsize=64)
def shared_out(made: Arrangement, share: float, seed: int, limit: int = 0) -> Shared:
    """The plan in numbers, and its reasons."""
    plan = made.plan(share, seed, limit)
    return Shared(made.names, plan.counts, reasons(made.rows, plan, made.names), not (made.rows.declared == VAL).any())


@lru_cache(maxsize=64)
def remedies(made: Arrangement, reason: Reason, share: float | None = None, seed: int = 0) -> list[Remedy]:
    """Those after which the reason is gone and nothing worse has come, the gentlest first: at most two.

    `share` is the validation share of the training, by default the suggested one.
    """
    share = made.usual_share() if share is None else share
    before = shared_out(made, share, seed)
    found: list[Remedy] = []
    for label, after in _candidates(made, reason, share, seed):
        if len(found) == MOST or any(_same(after, other) for other in (made, *(each.after for each in found))):
            continue
        now = shared_out(after, share, seed)
        gone = not any(each.kind == reason.kind and set(each.classes) >= set(reason.classes) for each in now.reasons)
        if gone and len(now.stops()) <= len(before.stops()) - reason.stops:
            found.append(Remedy(label, _edit(made, after), after))
    return found


def hold_out(made: Arrangement, share: float) -> Remedy:
    """This share of each class for the test, look-alikes together, chosen anew; what was declared for validation stays there."""
    free = np.flatnonzero(made.rows.declared != VAL)
    declared = made.rows.declared.copy()
    declared[free] = TRAIN
    declared[free[held_out_groups(made.rows.labels[free], made.rows.grouped()[free], share)]] = TEST
    after = _declared(made, declared)
    return Remedy(f"Hold out {percent(share, 0)} for the test", _edit(made, after), after)


def _candidates(made: Arrangement, reason: Reason, share: float, seed: int) -> Iterator[tuple[str, Arrangement]]:
    def split(some: Arrangement) -> Arrangement:
        """Without the groups of the classes that cannot give a validation picture because of them."""
        counts = some.plan(share, seed).counts
        return _without_groups(some, np.flatnonzero((counts[:, TRAIN] > 1) & (counts[:, VAL] == 0)))

    if reason.kind in ("validation", "lopsided", "unlearned") and (made.rows.declared == VAL).any():
        by_share = _by_share(made)
        yield "Hold out validation pictures by share instead", by_share
        yield "Split the groups, and hold out by share", split(by_share)
    if reason.kind in ("validation", "unchecked"):
        yield "Split the groups", split(made)
    if reason.kind in ("test", "untested"):
        yield "Keep one in five for the test", _with_test(made)
        free = np.unique(made.rows.labels[made.rows.declared == TRAIN])
        tested = np.unique(_with_test(made).rows.labels[_with_test(made).rows.declared == TEST])
        apart = _without_groups(made, np.setdiff1d(free, tested))
        yield "Split the groups, and keep one in five for the test", _with_test(apart)
    if reason.kind == "unlearned":
        yield "Learn from four in five of them", _learned(made, reason.classes)
    if reason.kind == "validation":
        yield "Use half of the test pictures for validation", _test_for_validation(made)
        yield "Split the groups, and use half of the test pictures", _test_for_validation(split(made))


def _same(first: Arrangement, second: Arrangement) -> bool:
    one, other = first.rows, second.rows
    return np.array_equal(one.declared, other.declared) and np.array_equal(one.grouped(), other.grouped())


def _declared(made: Arrangement, declared: np.ndarray) -> Arrangement:
    return replace(made, rows=replace(made.rows, declared=declared.astype(np.int8)))


def _by_share(made: Arrangement) -> Arrangement:
    declared = made.rows.declared
    return _declared(made, np.where(declared == VAL, TRAIN, declared))


def _without_groups(made: Arrangement, classes: np.ndarray) -> Arrangement:
    """Each picture to learn from of these classes becomes a group of its own."""
    rows = made.rows
    group_ids = rows.grouped().copy()
    mine = np.flatnonzero(np.isin(rows.labels, classes) & (rows.declared == TRAIN))
    group_ids[mine] = group_ids.max(initial=0) + 1 + np.arange(len(mine))
    return replace(made, rows=replace(rows, group_ids=group_ids))


def _with_test(made: Arrangement) -> Arrangement:
    """One in five of the classes without test pictures, look-alikes together."""
    rows = made.rows
    untested = np.bincount(rows.labels[rows.declared == TEST], minlength=len(made.names)) == 0
    free = np.flatnonzero(untested[rows.labels] & (rows.declared == TRAIN))
    declared = rows.declared.copy()
    declared[free[held_out_groups(rows.labels[free], rows.grouped()[free])]] = TEST
    return _declared(made, declared)


def _learned(made: Arrangement, classes: tuple[int, ...]) -> Arrangement:
    """Of classes without training pictures four in five are learned from; the rest stays in the test."""
    rows = made.rows
    mine = np.flatnonzero(np.isin(rows.labels, classes))
    declared = rows.declared.copy()
    declared[mine] = np.where(held_out_groups(rows.labels[mine], rows.grouped()[mine]), TEST, TRAIN)
    return _declared(made, declared)


def _test_for_validation(made: Arrangement) -> Arrangement:
    """Half of the test pictures, as far as possible of each class, become the validation pictures."""
    rows = made.rows
    tested = np.flatnonzero(rows.declared == TEST)
    order = tested[np.argsort(rows.labels[tested], kind="stable")]
    declared = _by_share(made).rows.declared.copy()
    declared[order[1::2]] = VAL
    return _declared(made, declared)


def _edit(made: Arrangement, after: Arrangement) -> Callable[[Edit], None]:
    """What turns one arrangement into the other."""

    def apply(edit: Edit) -> None:
        for part, split in enumerate(SPLITS):
            changed = (after.rows.declared == part) & (made.rows.declared != part)
            edit.into_split(made.images[changed].tolist(), split)
        now = after.rows.grouped()
        changed = now != made.rows.grouped()
        edit.regroup(dict(zip(made.images[changed].tolist(), now[changed].tolist(), strict=True)))

    return apply
