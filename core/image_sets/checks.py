"""What is wrong or odd about a dataset, each as a sentence with what can be done about it."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

import numpy as np

from core.image_sets.edit import Edit
from core.image_sets.finding import Choice, Finding, Verdict, is_or_are, names_of, number, verdict
from core.image_sets.own_dataset import Members, OwnClass, OwnDataset
from core.image_sets.shares import Arrangement, arrangement_of, as_suggested, remedies
from core.image_sets.twins import blank_findings, twin_findings
from core.text.numbers import percent

__all__ = ["Choice", "Finding", "Verdict", "findings", "verdict"]

FEWEST = 10  # pictures of a class below which it is hardly learned
UNEQUAL = 3.0  # times that the largest class may be larger than the smallest
MORE = " Bring more pictures: each class needs at least three that do not look alike."
SQUARE = 1.02  # longer by shorter side up to which a picture counts as square
MANY_NUMBERS = 8  # classes named by numbers from which they may be measurements
WAYS = {"crop": "Cut out the middle", "pad": "Add edges", "stretch": "Squeeze"}  # of making a picture square


def findings(dataset: OwnDataset) -> list[Finding]:
    """Of the newest version; what keeps a training from starting comes first, then what is serious."""
    return list(_findings(dataset, *dataset.stamp()))


@lru_cache(maxsize=8)  # a second for 100,000 pictures, and asked for with every click
def _findings(dataset: OwnDataset, *_stamp: int) -> tuple[Finding, ...]:
    classes = dataset.classes()
    members = dataset.members(disabled=True)
    enabled = {each.id: each for each in classes if each.enabled}
    with dataset.connected() as connection:
        facts = {row[0]: row[1:] for row in connection.execute("select id, colour, turned, width, height from images")}
    present = [facts[image] for image in members.images.tolist()]
    turned = sum(row[1] for row in present)
    found = [
        *_few(enabled),
        *_shares(arrangement_of(dataset)),
        *_names(classes),
        *twin_findings(dataset, members, {each.id: each.name for each in classes}),
        *blank_findings(dataset, members),
        *_unequal(enabled, dataset.about("balance", "sampling")),
        *_colours([row[0] for row in present], dataset.about("colour", "colour")),
        *_sizes(members, np.array([row[2:] for row in present]).reshape(-1, 2), dataset.about("fit", "crop")),
    ]
    if turned:
        found.append(
            Finding(
                "turned",
                f"{number(turned, 'picture')} lay on the side and {is_or_are(turned)} now upright, by what the camera noted.",
            )
        )
    order = sorted(
        found,
        key=lambda finding: (not finding.blocks, not finding.is_serious, not finding.action, not finding.choice),
    )
    return tuple(order)


def _few(enabled: dict[int, OwnClass]) -> list[Finding]:
    found = []
    if len(enabled) < 2:
        found.append(
            Finding(
                "one class",
                f"There is {number(len(enabled), 'class', 'classes')}; a network needs at least 2 to tell apart.",
                is_serious=True,
                blocks=True,
            )
        )
    empty = [each for each in enabled.values() if not each.images]
    if empty:
        found.append(
            Finding(
                "empty classes",
                f"{names_of(empty)} {'has' if len(empty) == 1 else 'have'} no pictures.",
                action="Remove",
                repair=lambda edit: _remove_all(edit, [each.id for each in empty]),
            )
        )
    few = [each for each in enabled.values() if 0 < each.images < FEWEST]
    if few:
        rest = len(enabled) - len(few) - len(empty)
        found.append(
            Finding(
                "few",
                f"{names_of(few)} {'has' if len(few) == 1 else 'have'} fewer than {FEWEST} pictures, too few to be learned well.",
                action="Switch them off" if rest >= 2 else "",
                repair=lambda edit: edit.enable([each.id for each in few], False),
            )
        )
    return found


def _shares(made: Arrangement) -> list[Finding]:
    """What is odd about how the pictures will be shared out, with the gentlest edit that mends it."""
    found = []
    for reason in as_suggested(made).reasons if len(made.names) > 1 else ():
        first = next(iter(remedies(made, reason)), None)
        needs = "" if first or not reason.stops else MORE
        found.append(
            Finding(
                reason.kind,
                reason.sentence + needs,
                action=first.label if first else "",
                repair=first.apply if first else None,
                is_serious=reason.stops or reason.kind in ("lopsided", "test", "unlearned"),
                blocks=reason.stops,
            )
        )
    return found


def _remove_all(edit: Edit, classes: list[int]) -> None:
    for class_id in classes:
        edit.remove_class(class_id)


def _names(classes: list[OwnClass]) -> list[Finding]:
    """Class names that are one word written in several ways, damaged, or numbers that were measured."""
    found = []
    written: dict[str, list[OwnClass]] = defaultdict(list)
    for each in classes:
        written[" ".join(each.name.replace("_", " ").replace("-", " ").split()).casefold()].append(each)
    for same in (same for same in written.values() if len(same) > 1):
        most = max(same, key=lambda each: each.images)
        others = [each for each in same if each is not most]

        def join(edit: Edit, others: list[OwnClass] = others, name: str = most.name) -> None:
            for other in others:
                edit.rename_class(other.id, name)

        found.append(
            Finding(
                f"written {most.id}",
                f"{names_of(same)} differ only in how they are written: they are probably one class.",
                action=f"Join them as {most.name}",
                repair=join,
                is_serious=True,
            )
        )
    damaged = [each for each in classes if "\ufffd" in each.name]
    if damaged:
        found.append(
            Finding(
                "damaged names",
                f"{names_of(damaged)} {'has' if len(damaged) == 1 else 'have'} signs that could not be read; rename "
                f"{'it' if len(damaged) == 1 else 'them'} once the pictures are kept.",
            )
        )
    if len(classes) >= MANY_NUMBERS and sum(_is_measured(each.name) for each in classes) > 0.8 * len(classes):
        found.append(
            Finding(
                "numbers",
                f"The classes are numbers such as {names_of(classes[:2])}: a network here tells classes apart, it cannot "
                "estimate a number. Bring them with a few classes instead, for example low, middle and high.",
                is_serious=True,
            )
        )
    return found


def _is_measured(name: str) -> bool:
    """A number with a fraction."""
    try:
        float(name.replace(",", "."))
    except ValueError:
        return False
    return "." in name or "," in name


def _unequal(enabled: dict[int, OwnClass], chosen: str) -> list[Finding]:
    counted = [each for each in enabled.values() if each.images]
    if len(counted) < 2:
        return []
    least, most = min(counted, key=lambda each: each.images), max(counted, key=lambda each: each.images)
    if most.images < UNEQUAL * least.images:
        return []
    return [
        Finding(
            "unequal",
            f"'{most.name}' has {most.images:,} pictures and '{least.name}' has {least.images:,}: a network "
            "would rather guess the larger.",
            choice=Choice(
                "balance",
                {"sampling": "Show rare ones more often", "weights": "Weigh rare ones more", "off": "Leave it"},
                chosen,
            ),
        )
    ]


def _colours(colours: list[int], chosen: str) -> list[Finding]:
    coloured = sum(colours)
    if 0 < coloured < len(colours):
        grey = len(colours) - coloured
        return [
            Finding(
                "colours",
                f"{number(coloured, 'picture')} {'has' if coloured == 1 else 'have'} colours and {grey:,} {is_or_are(grey)} "
                "grey: a network could learn just that.",
                choice=Choice("colour", {"colour": "Keep the colours", "grey": "Make all grey"}, chosen),
            )
        ]
    return []


def _sizes(members: Members, sides: np.ndarray, fit: str) -> list[Finding]:
    """Of sides (N, 2), width and height: how pictures become squares, and what that costs."""
    if not len(sides):
        return []
    longer, shorter = sides.max(axis=1), sides.min(axis=1)
    oblong = longer > SQUARE * shorter
    if len(np.unique(sides, axis=0)) == 1:
        said = f"All measure {sides[0][0]:,} x {sides[0][1]:,} pixels."
        if not oblong.any():
            return []
    else:
        said = f"Their sides measure from {shorter.min():,} to {longer.max():,} pixels; all are scaled to one size."
    if not oblong.any() or fit not in WAYS:
        return [Finding("sizes", said)]
    usual = np.flatnonzero(oblong)[np.argsort((longer / shorter)[oblong], kind="stable")[oblong.sum() // 2]]
    lost = 1 - shorter[usual] / longer[usual]
    few = number(int(oblong.sum()), "picture")
    seen = "A network sees squares" if oblong.all() else f"{few} {is_or_are(int(oblong.sum()))} not square"
    said += f" {seen}: cutting out the middle leaves out {percent(float(lost))} of the usual one."
    return [Finding("sizes", said, choice=Choice("fit", WAYS, fit, example=int(members.images[usual])))]
