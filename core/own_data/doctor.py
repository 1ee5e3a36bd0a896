"""What is wrong or odd about a dataset, each as a sentence with what can be done about it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.own_data.edit import Edit
from core.own_data.shares import Arrangement, arrangement_of, as_suggested, remedies
from core.own_data.store import OwnDataset

FEWEST = 10  # pictures of a class below which it is hardly learned
UNEQUAL = 3.0  # times that the largest class may be larger than the smallest
MORE = " Bring more pictures: each class needs at least three that do not look alike."
SHOWN = 6  # groups of pictures that a finding shows
IN_GROUP = 4  # pictures shown of a group


@dataclass(frozen=True)
class Choice:
    """What a training is to do about a finding: the dataset remembers it, and suggested trainings follow it."""

    key: str  # of `OwnDataset.about`
    labels: dict[str, str]  # value -> what the button says
    chosen: str  # value


@dataclass(frozen=True)
class Finding:
    """One thing worth knowing."""

    kind: str
    sentence: str
    groups: tuple[tuple[int, ...], ...] = ()  # the first few pictures that it is about, each beside those it is like
    action: str = ""  # what the button says; "": nothing needs to be done
    repair: Callable[[Edit], None] | None = None
    choice: Choice | None = None
    is_serious: bool = False  # does it make a training impossible or its result untrue?


def findings(dataset: OwnDataset) -> list[Finding]:
    """Of the newest version; what is serious comes first."""
    members = dataset.members(disabled=True)
    names = {each.id: each.name for each in dataset.classes()}
    enabled = {each.id: each for each in dataset.classes() if each.enabled}
    with dataset.connected() as connection:
        digests = dict(connection.execute("select id, digest from images").fetchall())
        colours = dict(connection.execute("select id, colour from images").fetchall())
        turned = connection.execute("select count(*) from images where turned").fetchone()[0]
        sizes = connection.execute(
            "select min(min(width, height)), max(max(width, height)), count(distinct width * 100000 + height) from images"
        ).fetchone()
    class_of = dict(zip(members.images.tolist(), members.classes.tolist(), strict=True))
    split_of = dict(zip(members.images.tolist(), members.splits.tolist(), strict=True))
    found = [
        *_few(enabled),
        *_shares(arrangement_of(dataset)),
        *_doubles(members.images, digests, class_of, names),
        *_alike(members, digests, split_of),
        *_unequal(enabled, dataset.about("balance", "sampling")),
        *_colours([colours[image] for image in class_of], dataset.about("colour", "colour")),
        *_sizes(sizes, dataset.about("fit", "crop")),
    ]
    if turned:
        found.append(
            Finding(
                "turned",
                f"{_number(turned, 'picture')} lay on the side and {_is(turned)} now upright, by what the camera noted.",
            )
        )
    return sorted(found, key=lambda finding: (not finding.is_serious, not finding.action, not finding.choice))


def _few(enabled: dict) -> list[Finding]:
    found = []
    if len(enabled) < 2:
        found.append(
            Finding(
                "one class",
                f"There is {_number(len(enabled), 'class', 'classes')}; a network needs at least 2 to tell apart.",
                is_serious=True,
            )
        )
    empty = [each for each in enabled.values() if not each.images]
    if empty:
        found.append(
            Finding(
                "empty classes",
                f"{_names(empty)} {'has' if len(empty) == 1 else 'have'} no pictures.",
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
                f"{_names(few)} {'has' if len(few) == 1 else 'have'} fewer than {FEWEST} pictures, too few to be learned well.",
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
            )
        )
    return found


def _remove_all(edit: Edit, classes: list[int]) -> None:
    for class_id in classes:
        edit.remove_class(class_id)


def _doubles(images: np.ndarray, digests: dict, class_of: dict, names: dict) -> list[Finding]:
    """The same pixels more than once: in one class, or, worse, in several."""
    same: dict[bytes, list[int]] = defaultdict(list)
    for image in images.tolist():
        same[digests[image]].append(image)
    within: list[int] = []
    across: list[int] = []
    same_within: list[list[int]] = []
    same_across: list[list[int]] = []
    pairs: Counter[tuple[str, ...]] = Counter()
    for group in same.values():
        classes = {class_of[image] for image in group}
        if len(classes) > 1:
            across += group
            same_across.append(group)
            pairs[tuple(sorted(names[each] for each in classes))] += 1
        elif len(group) > 1:
            within += group[1:]
            same_within.append(group)
    found = []
    if across:
        most = " and ".join(f"'{name}'" for name in pairs.most_common(1)[0][0][:3])
        found.append(
            Finding(
                "in two classes",
                f"{_number(sum(pairs.values()), 'picture')} {_is(sum(pairs.values()))} in two classes at once, for example in "
                f"{most}: one of them must be wrong.",
                _shown(same_across),
                "Take them out of both",
                lambda edit: edit.remove(across),
                is_serious=True,
            )
        )
    if within:
        found.append(
            Finding(
                "doubles",
                f"{_number(len(within), 'picture')} {_is(len(within))} there more than once, pixel by pixel.",
                _shown(same_within),
                "Keep one of each",
                lambda edit: edit.remove(within),
            )
        )
    return found


def _alike(members, digests: dict, split_of: dict) -> list[Finding]:
    """Look-alikes in train and test, and look-alikes at all."""
    groups: dict[int, list[int]] = defaultdict(list)
    for image, kin in zip(members.images.tolist(), members.kin.tolist(), strict=True):
        groups[kin].append(image)
    crossing: list[int] = []
    crossing_pairs: list[list[int]] = []
    alike: list[int] = []
    alike_groups: list[list[int]] = []
    for group in groups.values():
        if len(group) < 2:
            continue
        learned = [image for image in group if split_of[image] != 2]
        tested = [image for image in group if split_of[image] == 2]
        if learned and tested:
            crossing += learned
            crossing_pairs.append([learned[0], tested[0]])
        first_of: dict[bytes, int] = {}
        for image in group:
            first_of.setdefault(digests[image], image)
        if len(first_of) > 1:
            _, *others = different = list(first_of.values())
            alike += others
            alike_groups.append(different)
    found = []
    if crossing:
        found.append(
            Finding(
                "crossing",
                f"{_number(len(crossing), 'training picture')} {_look(crossing)} like a test picture: "
                "the test would be too easy.",
                _shown(crossing_pairs),
                "Take them out of training",
                lambda edit: edit.remove(crossing),
                is_serious=True,
            )
        )
    if alike:
        found.append(
            Finding(
                "alike",
                f"{_number(len(alike), 'picture')} {_look(alike)} nearly like another one. "
                "Such pictures always stay on the same side of the split.",
                _shown(alike_groups),
                "Keep one of each",
                lambda edit: edit.remove(alike),
            )
        )
    return found


def _unequal(enabled: dict, chosen: str) -> list[Finding]:
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
        return [
            Finding(
                "colours",
                f"{coloured:,} pictures have colours and {len(colours) - coloured:,} are grey: a network could learn "
                "just that.",
                choice=Choice("colour", {"colour": "Keep the colours", "grey": "Make all grey"}, chosen),
            )
        ]
    return []


def _sizes(sizes: tuple, fit: str) -> list[Finding]:
    smallest, largest, kinds = sizes
    if not smallest or kinds <= 1:
        return []
    said = f"Their sides measure from {smallest:,} to {largest:,} pixels; all are scaled to one size."
    ways = {"crop": "Cut out the middle", "pad": "Add edges", "stretch": "Squeeze"}
    return [Finding("sizes", said, choice=Choice("fit", ways, fit) if fit in ways else None)]


def _shown(groups: list[list[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(group[:IN_GROUP]) for group in groups[:SHOWN])


def _names(classes: list) -> str:
    names = [f"'{each.name}'" for each in classes[:4]]
    more = f" and {len(classes) - 4} more classes" if len(classes) > 4 else ""
    return (", ".join(names) if more or len(names) < 2 else ", ".join(names[:-1]) + f" and {names[-1]}") + more


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _look(images: list[int]) -> str:
    return "looks" if len(images) == 1 else "look"
