"""What is wrong or odd about a dataset, each as a sentence with what can be done about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from core.image_sets.edit import Edit
from core.image_sets.finding import Choice, Finding, names_of
from core.image_sets.own_dataset import Members, OwnClass, OwnDataset
from core.image_sets.remembered import remembered
from core.image_sets.shares import Arrangement, arrangement_of, as_suggested, remedies
from core.image_sets.twins import blank_findings, twin_findings
from core.text.numbers import count, fitting, percent

FEWEST = 10  # pictures of a class below which it is hardly learned
UNEQUAL = 3.0  # times that the largest class may be larger than the smallest
MORE = " Bring more pictures: each class needs at least three that do not look alike."
SQUARE = 1.02  # longer by shorter side up to which a picture counts as square
MANY_NUMBERS = 8  # classes named by numbers from which they may be measurements
BALANCES = {"sampling": "Show rare ones more often", "weights": "Weigh rare ones more", "off": "Leave it"}
WAYS = {"crop": "Cut out the middle", "pad": "Add edges", "stretch": "Squeeze"}  # of making a picture square


@remembered(8)  # a second for 100,000 pictures, and asked for with every click
def findings(dataset: OwnDataset) -> tuple[Finding, ...]:
    """Of the newest version; what keeps a training from starting comes first, then what is serious. Raises OwnDataError."""
    classes = dataset.classes()
    members = dataset.members(disabled=True)
    enabled = [each for each in classes if each.enabled]
    with dataset.read() as connection:
        facts = {row[0]: row[1:] for row in connection.execute("select id, colour, turned, width, height from images")}
    present = [facts[image] for image in members.images.tolist()]
    found = [
        *_few(enabled),
        *_shares(arrangement_of(dataset)),
        *_names(classes),
        *twin_findings(dataset, members, {each.id: each.name for each in classes}),
        *blank_findings(dataset, members),
        *_unequal(enabled, dataset.about("balance", "sampling")),
        *_colours([row[0] for row in present], dataset.about("colour", "colour")),
        *_sizes(members, np.array([row[2:] for row in present]).reshape(-1, 2), dataset.about("fit", "crop")),
        *_turned(sum(row[1] for row in present)),
    ]
    return tuple(
        sorted(found, key=lambda each: (not each.blocks, not each.is_serious, not each.action, not each.choice))
    )


def _few(enabled: list[OwnClass]) -> Iterator[Finding]:
    if len(enabled) < 2:
        said = f"There is {count(len(enabled), 'class', 'classes')}; a network needs at least 2 to tell apart."
        yield Finding("one class", said, is_serious=True, blocks=True)
    empty = [each for each in enabled if not each.images]
    if empty:
        said = f"{names_of(empty)} {fitting(len(empty), 'have')} no pictures."
        remove = partial(Edit.remove_classes, class_ids=[each.id for each in empty])
        yield Finding("empty classes", said, action="Remove", repair=remove)
    few = [each for each in enabled if 0 < each.images < FEWEST]
    if few:
        have = fitting(len(few), "have")
        yield Finding(
            "few",
            f"{names_of(few)} {have} fewer than {FEWEST} pictures, too few to be learned well.",
            action="Switch them off" if len(enabled) - len(few) - len(empty) >= 2 else "",
            repair=partial(Edit.enable, class_ids=[each.id for each in few], enabled=False),
        )


def _shares(made: Arrangement) -> Iterator[Finding]:
    """What is odd about how the pictures will be shared out, with the gentlest edit that mends it."""
    for reason in as_suggested(made).reasons if len(made.names) > 1 else ():
        first = next(iter(remedies(made, reason)), None)
        yield Finding(
            reason.kind,
            reason.sentence + (MORE if reason.stops and not first else ""),
            action=first.label if first else "",
            repair=first.apply if first else None,
            is_serious=reason.stops or reason.kind in ("lopsided", "test", "unlearned"),
            blocks=reason.stops,
        )


def _names(classes: Sequence[OwnClass]) -> Iterator[Finding]:
    """Class names that are one word written in several ways, damaged, or numbers that were measured."""
    written: dict[str, list[OwnClass]] = defaultdict(list)
    for each in classes:
        written[" ".join(each.name.replace("_", " ").replace("-", " ").split()).casefold()].append(each)
    for same in (same for same in written.values() if len(same) > 1):
        most = max(same, key=lambda each: each.images)
        yield Finding(
            f"written {most.id}",
            f"{names_of(same)} differ only in how they are written: they are probably one class.",
            action=f"Join them as {most.name}",
            repair=partial(_join, classes=[each for each in same if each is not most], name=most.name),
            is_serious=True,
        )
    damaged = [each for each in classes if "\ufffd" in each.name]
    if damaged:
        have, them = fitting(len(damaged), "have"), fitting(len(damaged), "them")
        said = f"{names_of(damaged)} {have} signs that could not be read; rename {them} once the pictures are kept."
        yield Finding("damaged names", said)
    if len(classes) >= MANY_NUMBERS and sum(_is_measured(each.name) for each in classes) > 0.8 * len(classes):
        yield Finding(
            "numbers",
            f"The classes are numbers such as {names_of(classes[:2])}: a network here tells classes apart, it cannot "
            "estimate a number. Bring them with a few classes instead, for example low, middle and high.",
            is_serious=True,
        )


def _join(edit: Edit, classes: list[OwnClass], name: str) -> None:
    for each in classes:
        edit.rename_class(each.id, name)


def _is_measured(name: str) -> bool:
    """A number with a fraction."""
    try:
        float(name.replace(",", "."))
    except ValueError:
        return False
    return "." in name or "," in name


def _unequal(enabled: list[OwnClass], chosen: str) -> Iterator[Finding]:
    counted = [each for each in enabled if each.images]
    if len(counted) < 2:
        return
    least, most = min(counted, key=lambda each: each.images), max(counted, key=lambda each: each.images)
    if most.images >= UNEQUAL * least.images:
        said = f"'{most.name}' has {most.images:,} pictures and '{least.name}' has {least.images:,}"
        choice = Choice("balance", BALANCES, chosen)
        yield Finding("unequal", f"{said}: a network would rather guess the larger.", choice=choice)


def _colours(colours: list[int], chosen: str) -> Iterator[Finding]:
    coloured = sum(colours)
    grey = len(colours) - coloured
    if coloured and grey:
        have, are = fitting(coloured, "have"), fitting(grey, "are")
        said = f"{count(coloured, 'picture')} {have} colours and {grey:,} {are} grey: a network could learn just that."
        choice = Choice("colour", {"colour": "Keep the colours", "grey": "Make all grey"}, chosen)
        yield Finding("colours", said, choice=choice)


def _sizes(members: Members, sides: np.ndarray, fit: str) -> Iterator[Finding]:
    """Of sides (N, 2), width and height: how pictures become squares, and what that costs."""
    if not len(sides):
        return
    longer, shorter = sides.max(axis=1), sides.min(axis=1)
    oblong = longer > SQUARE * shorter
    many = int(oblong.sum())
    if len(np.unique(sides, axis=0)) > 1:
        said = f"Their sides measure from {shorter.min():,} to {longer.max():,} pixels; all are scaled to one size."
    elif many:
        said = f"All measure {sides[0][0]:,} x {sides[0][1]:,} pixels."
    else:
        return
    choice = None
    if many and fit in WAYS:
        usual = np.flatnonzero(oblong)[np.argsort((longer / shorter)[oblong], kind="stable")[many // 2]]
        lost = percent(1 - float(shorter[usual] / longer[usual]))
        not_square = f"{count(many, 'picture')} {fitting(many, 'are')} not square"
        said += f" {'A network sees squares' if many == len(sides) else not_square}"
        said += f": cutting out the middle leaves out {lost} of the usual one."
        choice = Choice("fit", WAYS, fit, example=int(members.images[usual]))
    yield Finding("sizes", said, choice=choice)


def _turned(pictures: int) -> Iterator[Finding]:
    if pictures:
        said = f"{count(pictures, 'picture')} lay on the side and {fitting(pictures, 'are')} now upright"
        yield Finding("turned", f"{said}, by what the camera noted.")
