"""Findings about pictures that are the same or look alike, about mirror images, and about blank pictures."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np

from core.files import parse_json
from core.image_sets.edit import Edit
from core.image_sets.finding import SHOWN, Finding, Way, shown
from core.image_sets.likeness import pairs_of
from core.image_sets.own_dataset import Members, OwnDataset
from core.text.numbers import count, fitting

LEFT = "left"  # of `OwnDataset.about`: what people said is right as it is
BLANK_DEVIATION = 6.0  # of 255: pixels of a picture that shows nothing
SPECKED_DEVIATION = 12.0  # the same when all but specks is even
EVEN_RANGE = 8.0  # of 255, between the 2nd and the 98th hundredth of the small grey copy


Pair = tuple[int, int, bool]  # two pictures that look alike, and whether only mirrored


@dataclass(frozen=True)
class _Pictures:
    """Of a version: class, its name and split by image number, and what people said is right as it is."""

    class_of: dict[int, int]
    split_of: dict[int, int]
    names: dict[int, str]
    left: set[str]

    def classes(self, group: Sequence[int]) -> list[int]:
        """Class ids that the pictures of a group have."""
        return sorted({self.class_of[image] for image in group})

    def most(self, groups: list[list[int]]) -> str:
        """The classes that most groups are in, in words."""
        met = Counter(tuple(sorted(self.names[each] for each in self.classes(group))) for group in groups)
        return " and ".join(f"'{name}'" for name in met.most_common(1)[0][0][:3])

    def ways(self, group: list[int], all_of: bool) -> tuple[Way, ...]:
        """A button for each class that the pictures are in: all of them go there (`all_of`), or only those there stay."""
        ways = []
        for class_id in self.classes(group):
            others = [image for image in group if self.class_of[image] != class_id]
            if all_of:
                repair = partial(Edit.move, images=others, class_id=class_id)
                ways.append(Way(f"Both are {self.names[class_id]}", repair))
            else:
                ways.append(Way(f"It is {self.names[class_id]}", partial(Edit.remove, images=others)))
        return tuple(ways)


def twin_findings(dataset: OwnDataset, members: Members, names: dict[int, str]) -> list[Finding]:
    """Of the pictures of a version; `names` are those of its classes. Raises OwnDataError."""
    with dataset.connected() as connection:
        digests = dict(connection.execute("select id, digest from images").fetchall())
    images = members.images.tolist()
    class_of = dict(zip(images, members.classes.tolist(), strict=True))
    split_of = dict(zip(images, members.splits.tolist(), strict=True))
    pictures = _Pictures(class_of, split_of, names, left_alone(dataset))
    same: dict[bytes, list[int]] = defaultdict(list)
    for image in images:
        same[digests[image]].append(image)
    pairs = [  # of pictures that the version has; of equal ones the first
        (same[digests[one]][0], same[digests[other]][0], bool(mirrored))
        for one, other, mirrored in pairs_of(dataset).tolist()
        if digests[one] in same and digests[other] in same
    ]
    groups = list(same.values())
    return [
        *_doubles(groups, pictures),
        *_conflicts(pairs, pictures),
        *_crossing(pairs, groups, split_of),
        *_alike(pairs, class_of),
        *_opposite(pairs, pictures),
    ]


def left_alone(dataset: OwnDataset) -> set[str]:
    """Keys of what people said is right as it is. Raises OwnDataError."""
    said = parse_json(dataset.about(LEFT, "[]"))
    return {each for each in said if isinstance(each, str)} if isinstance(said, list) else set()


def leave(dataset: OwnDataset, key: str) -> None:
    """Never tells of this again. Raises OwnDataError."""
    dataset.set_about(**{LEFT: json.dumps(sorted(left_alone(dataset) | {key}))})


def _doubles(groups: list[list[int]], pictures: _Pictures) -> Iterator[Finding]:
    """The same pixels more than once: in one class, or, worse, in several."""
    across = [group for group in groups if len(pictures.classes(group)) > 1 and _key(group) not in pictures.left]
    if across:
        yield Finding(
            "in two classes",
            f"{count(len(across), 'picture')} {fitting(len(across), 'are')} in two classes at once, for example in "
            f"{pictures.most(across)}: one of them must be wrong.",
            shown(across),
            "Take them out of both",
            partial(Edit.remove, images=[image for group in across for image in group]),
            is_serious=True,
            ways=tuple(pictures.ways(group, all_of=False) for group in across[:SHOWN]),
            leave=tuple(map(_key, across[:SHOWN])),
        )
    within = [group for group in groups if len(group) > 1 and len(pictures.classes(group)) == 1]
    if within:
        others = [image for group in within for image in group[1:]]
        said = f"{count(len(others), 'picture')} {fitting(len(others), 'are')} there more than once, pixel by pixel."
        yield Finding("doubles", said, shown(within), "Keep one of each", partial(Edit.remove, images=others))


def _conflicts(pairs: list[Pair], pictures: _Pictures) -> Iterator[Finding]:
    """Near copies with different labels."""
    found = [
        [one, other]
        for one, other, mirrored in pairs
        if not mirrored and len(pictures.classes((one, other))) > 1 and _key((one, other)) not in pictures.left
    ]
    if found:
        look, have = fitting(len(found), "look"), fitting(len(found), "have")
        yield Finding(
            "near labels",
            f"{count(len(found), 'pair')} of pictures {look} nearly the same but {have} different labels, for example "
            f"{pictures.most(found)}: one label of each pair is probably wrong.",
            shown(found),
            "Take both out" if len(found) == 1 else "Take all of them out",
            partial(Edit.remove, images=sorted({image for pair in found for image in pair})),
            is_serious=True,
            ways=tuple(pictures.ways(pair, all_of=True) for pair in found[:SHOWN]),
            leave=tuple(map(_key, found[:SHOWN])),
        )


def _crossing(pairs: list[Pair], groups: list[list[int]], split_of: dict[int, int]) -> Iterator[Finding]:
    """Pictures to learn from that look like those the network is judged by."""
    near = [(one, other) for one, other, _ in pairs]
    for group in groups:
        if len({split_of[image] for image in group}) > 1:
            near += combinations(group, 2)
    for kind, learned, judged, words in (
        ("crossing", (0, 1), 2, "test"),
        ("crossing validation", (0,), 1, "validation"),
    ):
        twin_of: dict[int, int] = {}
        for pair in near:
            for one, other in (pair, pair[::-1]):
                if split_of[one] in learned and split_of[other] == judged:
                    twin_of.setdefault(one, other)
        if twin_of:
            images = sorted(twin_of)
            yield Finding(
                kind,
                f"{count(len(images), 'training picture')} {fitting(len(images), 'look')} like a {words} picture: "
                f"the {words} would be too easy.",
                shown([[image, twin_of[image]] for image in images]),
                "Take them out of training",
                partial(Edit.remove, images=images),
                is_serious=True,
            )


def _alike(pairs: list[Pair], class_of: dict[int, int]) -> Iterator[Finding]:
    """Look-alikes with one label. Of those that are like one another the first is kept, then whoever is like none that is."""
    near = {(min(pair[:2]), max(pair[:2])): pair[2] for pair in pairs if class_of[pair[0]] == class_of[pair[1]]}
    kept_twins: dict[int, list[int]] = defaultdict(list)
    dropped: set[int] = set()
    mirrored = 0
    for other, one in sorted((other, one) for one, other in near):
        if one not in dropped and other not in dropped:
            dropped.add(other)
            kept_twins[one].append(other)
            mirrored += near[one, other]
    if dropped:
        some = f", {mirrored:,} of them mirrored" if mirrored else ""
        yield Finding(
            "alike",
            f"{count(len(dropped), 'picture')} {fitting(len(dropped), 'look')} nearly like another one{some}. "
            "A split that is made here keeps such pictures on one side.",
            shown([[twin, *others] for twin, others in kept_twins.items()]),
            "Keep one of each",
            partial(Edit.remove, images=sorted(dropped)),
        )


def _opposite(pairs: list[Pair], pictures: _Pictures) -> Iterator[Finding]:
    """Mirror images that have different labels, as left and right hands do."""
    found = [[one, other] for one, other, mirrored in pairs if mirrored and len(pictures.classes((one, other))) > 1]
    if found:
        yield Finding(
            "mirror labels",
            f"{count(len(found), 'pair')} of mirror images {fitting(len(found), 'have')} different labels, for example "
            f"{pictures.most(found)}: if that is right, do not mirror pictures while training.",
            shown(found),
        )


def blank_findings(dataset: OwnDataset, members: Members) -> Iterator[Finding]:
    """Pictures that show nothing, or specks on nothing. Raises OwnDataError."""
    with dataset.read() as connection:
        rows = connection.execute("select id, mean, square, look from images order by id").fetchall()
    if not rows:
        return
    ids = np.array([row[0] for row in rows])
    means, squares = (
        np.frombuffer(b"".join(row[place] for row in rows), np.float32).reshape(-1, 3) for place in (1, 2)
    )
    deviation = 255 * np.sqrt(np.maximum(0, squares - means**2)).max(axis=1)
    even = deviation < SPECKED_DEVIATION
    if even.any():
        small = np.array([np.frombuffer(rows[place][3], np.uint8) for place in np.flatnonzero(even)])
        low, high = np.percentile(small, (2, 98), axis=1)
        even[even] = (high - low < EVEN_RANGE) | (deviation[even] < BLANK_DEVIATION)
    blank = sorted(set(ids[even].tolist()) & set(members.images.tolist()))
    if blank:
        are, them = fitting(len(blank), "are"), fitting(len(blank), "them")
        said = f"{count(len(blank), 'picture')} {are} blank or nearly so: a network learns nothing from {them}."
        images = shown([[image] for image in blank])
        yield Finding("blank", said, images, f"Remove {them}", partial(Edit.remove, images=blank))


def _key(images: Sequence[int]) -> str:
    return "pair " + " ".join(str(image) for image in sorted(images))
