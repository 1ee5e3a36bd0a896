"""Findings about pictures that are the same or look alike, about mirror images, and about blank pictures."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

import numpy as np

from core.files import parse_json
from core.image_sets.edit import Edit
from core.image_sets.finding import SHOWN, Finding, Way, is_or_are, looks, number, shown
from core.image_sets.likeness import pairs_of
from core.image_sets.own_dataset import GREY_SIDE, Members, OwnDataset

LEFT = "left"  # of `OwnDataset.about`: what people said is right as it is
BLANK_DEVIATION = 6.0  # of 255: pixels of a picture that shows nothing
SPECKED_DEVIATION = 12.0  # the same when all but specks is even
EVEN_RANGE = 8.0  # of 255, between the 2nd and the 98th hundredth of the small grey copy


def twin_findings(dataset: OwnDataset, members: Members, names: dict[int, str]) -> list[Finding]:
    """Of the pictures of a version; `names` are those of its classes."""
    with dataset.connected() as connection:
        digests = dict(connection.execute("select id, digest from images").fetchall())
    class_of = dict(zip(members.images.tolist(), members.classes.tolist(), strict=True))
    split_of = dict(zip(members.images.tolist(), members.splits.tolist(), strict=True))
    left = left_alone(dataset)
    same: dict[bytes, list[int]] = defaultdict(list)
    for image in members.images.tolist():
        same[digests[image]].append(image)
    pairs = _present(pairs_of(dataset), digests, same)
    return [
        *_doubles(list(same.values()), class_of, names, left),
        *_conflicts(pairs, class_of, names, left),
        *_crossing(pairs, same.values(), split_of),
        *_alike(pairs, class_of, names),
    ]


def left_alone(dataset: OwnDataset) -> set[str]:
    """Keys of what people said is right as it is."""
    said = parse_json(dataset.about(LEFT, "[]"))
    return {each for each in said if isinstance(each, str)} if isinstance(said, list) else set()


def leave(dataset: OwnDataset, key: str) -> None:
    """Never tells of this again. Raises OwnDataError."""
    dataset.set_about(**{LEFT: json.dumps(sorted(left_alone(dataset) | {key}))})


def _present(pairs: np.ndarray, digests: dict[int, bytes], same: dict[bytes, list[int]]) -> list[tuple[int, int, bool]]:
    """Pairs of pictures that the version has; of equal ones the first."""
    return [
        (same[digests[one]][0], same[digests[other]][0], bool(mirrored))
        for one, other, mirrored in pairs.tolist()
        if digests[one] in same and digests[other] in same
    ]


def _doubles(groups: list[list[int]], class_of: dict, names: dict, left: set[str]) -> list[Finding]:
    """The same pixels more than once: in one class, or, worse, in several."""
    across = [group for group in groups if len({class_of[image] for image in group}) > 1 and _key(group) not in left]
    within = [group for group in groups if len(group) > 1 and len({class_of[image] for image in group}) == 1]
    found = []
    if across:
        found.append(
            Finding(
                "in two classes",
                f"{number(len(across), 'picture')} {is_or_are(len(across))} in two classes at once, for example in "
                f"{_most(across, class_of, names)}: one of them must be wrong.",
                shown(across),
                "Take them out of both",
                lambda edit: edit.remove([image for group in across for image in group]),
                is_serious=True,
                ways=tuple(_one_class(group, class_of, names, all_of=False) for group in across[:SHOWN]),
                leave=tuple(_key(group) for group in across[:SHOWN]),
            )
        )
    if within:
        others = [image for group in within for image in group[1:]]
        found.append(
            Finding(
                "doubles",
                f"{number(len(others), 'picture')} {is_or_are(len(others))} there more than once, pixel by pixel.",
                shown(within),
                "Keep one of each",
                lambda edit: edit.remove(others),
            )
        )
    return found


def _conflicts(pairs: list[tuple[int, int, bool]], class_of: dict, names: dict, left: set[str]) -> list[Finding]:
    """Near copies with different labels."""
    found = [
        [one, other]
        for one, other, mirrored in pairs
        if not mirrored and class_of[one] != class_of[other] and _key([one, other]) not in left
    ]
    if not found:
        return []
    return [
        Finding(
            "near labels",
            f"{number(len(found), 'pair')} of pictures {looks(len(found))} nearly the same but "
            f"{'has' if len(found) == 1 else 'have'} different labels, for example {_most(found, class_of, names)}: "
            "one label of each pair is probably wrong.",
            shown(found),
            "Take both out" if len(found) == 1 else "Take all of them out",
            lambda edit: edit.remove(sorted({image for pair in found for image in pair})),
            is_serious=True,
            ways=tuple(_one_class(pair, class_of, names, all_of=True) for pair in found[:SHOWN]),
            leave=tuple(_key(pair) for pair in found[:SHOWN]),
        )
    ]


def _one_class(group: list[int], class_of: dict, names: dict, all_of: bool) -> tuple[Way, ...]:
    """A button for each class that the pictures are in: all of them go there (`all_of`), or only those there stay."""
    ways = []
    for class_id in sorted({class_of[image] for image in group}):
        others = [image for image in group if class_of[image] != class_id]

        def repair(edit: Edit, others: list[int] = others, class_id: int = class_id) -> None:
            if all_of:
                edit.move(others, class_id)
            else:
                edit.remove(others)

        ways.append(Way(f"{'Both are' if all_of else 'It is'} {names[class_id]}", repair))
    return tuple(ways)


def _crossing(pairs: list[tuple[int, int, bool]], same: Iterable[list[int]], split_of: dict[int, int]) -> list[Finding]:
    """Pictures to learn from that look like those the network is judged by."""
    near = [(one, other) for one, other, _ in pairs] + [
        (one, other)
        for group in same
        if len({split_of[image] for image in group}) > 1
        for place, one in enumerate(group)
        for other in group[place + 1 :]
    ]
    found = []
    for kind, learned, judged, words in (
        ("crossing", (0, 1), 2, "test"),
        ("crossing validation", (0,), 1, "validation"),
    ):
        twin_of: dict[int, int] = {}
        for pair in near:
            for one, other in (pair, pair[::-1]):
                if split_of[one] in learned and split_of[other] == judged:
                    twin_of.setdefault(one, other)
        if not twin_of:
            continue
        images = sorted(twin_of)
        found.append(
            Finding(
                kind,
                f"{number(len(images), 'training picture')} {looks(len(images))} like a {words} picture: "
                f"the {words} would be too easy.",
                shown([[image, twin_of[image]] for image in images]),
                "Take them out of training",
                _without(images),
                is_serious=True,
            )
        )
    return found


def _alike(pairs: list[tuple[int, int, bool]], class_of: dict, names: dict) -> list[Finding]:
    """Look-alikes with one label; and mirror images that have different ones, as left and right hands do."""
    near = sorted(
        (one, other) if one < other else (other, one) for one, other, _ in pairs if class_of[one] == class_of[other]
    )
    kept_twins: dict[int, list[int]] = defaultdict(list)
    neighbours: dict[int, list[int]] = defaultdict(list)
    for one, other in near:
        neighbours[other].append(one)
    dropped: set[int] = set()
    for image in sorted(neighbours):
        twin = next((one for one in neighbours[image] if one not in dropped), None)
        if twin is not None:
            dropped.add(image)
            kept_twins[twin].append(image)
    found = []
    if dropped:
        mirrored = {frozenset((one, other)) for one, other, turned in pairs if turned}
        turned = sum(frozenset((twin, image)) in mirrored for twin, others in kept_twins.items() for image in others)
        some = f", {turned:,} of them mirrored" if turned else ""
        found.append(
            Finding(
                "alike",
                f"{number(len(dropped), 'picture')} {looks(len(dropped))} nearly like another one{some}. "
                "A split that is made here keeps such pictures on one side.",
                shown([[twin, *others] for twin, others in kept_twins.items()]),
                "Keep one of each",
                lambda edit: edit.remove(sorted(dropped)),
            )
        )
    opposite = [[one, other] for one, other, turned in pairs if turned and class_of[one] != class_of[other]]
    if opposite:
        found.append(
            Finding(
                "mirror labels",
                f"{number(len(opposite), 'pair')} of mirror images {'has' if len(opposite) == 1 else 'have'} different "
                f"labels, for example {_most(opposite, class_of, names)}: if that is right, do not mirror pictures "
                "while training.",
                shown(opposite),
            )
        )
    return found


def blank_findings(dataset: OwnDataset, members: Members) -> list[Finding]:
    """Pictures that show nothing, or specks on nothing."""
    with dataset.connected() as connection:
        rows = connection.execute("select id, mean, square, look from images order by id").fetchall()
    if not rows:
        return []
    ids = np.array([row[0] for row in rows])
    means, squares = (
        np.frombuffer(b"".join(row[place] for row in rows), np.float32).reshape(-1, 3) for place in (1, 2)
    )
    deviation = 255 * np.sqrt(np.maximum(0, squares - means**2)).max(axis=1)
    even = deviation < SPECKED_DEVIATION
    small = np.array([np.frombuffer(rows[place][3], np.uint8) for place in np.flatnonzero(even)]).reshape(
        -1, GREY_SIDE * GREY_SIDE
    )
    low, high = np.percentile(small, (2, 98), axis=1) if len(small) else (np.zeros(0), np.zeros(0))
    even[even] = (high - low < EVEN_RANGE) | (deviation[even] < BLANK_DEVIATION)
    blank = sorted(set(ids[even].tolist()) & set(members.images.tolist()))
    if not blank:
        return []
    return [
        Finding(
            "blank",
            f"{number(len(blank), 'picture')} {is_or_are(len(blank))} blank or nearly so: a network learns nothing from "
            f"{'it' if len(blank) == 1 else 'them'}.",
            shown([[image] for image in blank]),
            "Remove it" if len(blank) == 1 else "Remove them",
            lambda edit: edit.remove(blank),
        )
    ]


def _without(images: list[int]) -> Callable[[Edit], None]:
    return lambda edit: edit.remove(images)


def _most(groups: list[list[int]], class_of: dict, names: dict) -> str:
    """The classes that most groups are in, in words."""
    met = Counter(tuple(sorted({names[class_of[image]] for image in group})) for group in groups)
    return " and ".join(f"'{name}'" for name in met.most_common(1)[0][0][:3])


def _key(images: list[int]) -> str:
    return "pair " + " ".join(str(image) for image in sorted(images))
