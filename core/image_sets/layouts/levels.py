"""Folders by evidence: which level of them is the class, which one the split, and what lies beside."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import partial

from core.image_sets.layouts.placed import SHOWN, Candidate, Layout, Placed, natural, some, tidy_class
from core.image_sets.layouts.root import STRAYS, few, root_of
from core.image_sets.layouts.split_names import hint, is_filler, is_mask, is_preview, meaning, splits_of
from core.image_sets.own_dataset import OwnDataError
from core.image_sets.sources import SourceFile
from core.text.numbers import count, fitting

NEARLY = 0.95
MOST_PARTS = 3  # unknown folders with the same children that are more likely parts than classes


class Folders:
    """The folders below the one in which the pictures begin to differ, without those that say nothing.

    `candidates` are the ways to read them, the likeliest first; none where folders say no class.
    """

    def __init__(self, pictures: list[SourceFile]):
        self._root = root_of(pictures)
        self._beside = 0
        self._paths: list[tuple[SourceFile, tuple[str, ...]]] = []
        for entry in pictures:
            if entry.parts[: len(self._root)] == self._root:
                self._paths.append((entry, entry.parts[len(self._root) : -1]))
            else:
                self._beside += 1
        self._drop_wrappers()
        self.question = ""
        self.candidates: list[Candidate] = []
        self.split_of: dict[int, str] = {}  # id of an entry -> split, where folders say only that
        self.parts: dict[str, str] = {}  # split -> folder, likewise
        self._find()

    def name_of_all(self) -> str:
        """The folder that all of them lie in, if it says something."""
        name = self._root[-1] if self._root else ""
        return "" if meaning(name) or is_filler(name) else name

    def _find(self) -> None:
        level = self._known_level()
        if level is not None:
            below = self._nested(level + 1) >= 0.5
            if below or level > 0:
                names = self._names(level)
                splits = splits_of(names)
                self._offer(level + 1 if below else level - 1, level, splits)
                self._offer(level + 1 if below else level - 1)
                if below and self._nested(level + 2) >= 0.5:
                    self._offer(level + 2, level, splits)
                if level > 0 and below:
                    self._offer(level - 1, level, splits)
            else:
                self._only_splits(level)
            return
        if not self._names(0):
            return
        if all(is_filler(name) or is_mask(name) for name in self._names(0)) and any(map(is_mask, self._names(0))):
            raise OwnDataError(
                f"The folders {some(sorted(self._names(0)))} look like a set for segmentation, with a mask for each picture; "
                "here each picture needs one class, so put the pictures of each class into a folder of its own."
            )
        if self._has_same_children():
            self._same_children()
        else:
            self._offer(0)
            if self._nested(1) >= 0.5:
                self._offer(1)

    def _same_children(self) -> None:
        """2023/cat, 2024/cat: the outer folders are splits or parts, unless they are many and each its own."""
        names = self._names(0)
        splits = splits_of(names, loose=True)
        known = len(splits) == len(names) or (len(splits) > 1 and "train" in splits.values())
        if known:
            nested = Counter(path[0] for _, path in self._paths if len(path) > 1)
            splits |= {name: "train" for name in names if name not in splits and nested[name] * 2 > names[name]}
            self._offer(1, 0, splits)
            self._offer(1)
            return
        alike = len({"".join(letter for letter in name if not letter.isdigit()) for name in names}) == 1
        parts = len(names) <= MOST_PARTS or alike
        if not parts:
            self._offer(0)
        if len(names) == 2:
            self._offer(1, 0, _of_two(names))
        self._offer(1)
        if parts:
            self._offer(0)
        self.question = (
            f"The folders {some(sorted(names, key=natural))} have the same folders in them. Which level is the class?"
        )

    def _has_same_children(self) -> bool:
        """Do siblings, several of them and most of their pictures, share the names of their folders?"""
        inside: dict[str, Counter[str]] = defaultdict(Counter)
        for _, path in self._paths:
            if len(path) > 1:
                inside[path[0]][path[1].casefold()] += 1
        names = self._names(0)
        inside = {name: kids for name, kids in inside.items() if kids.total() * 2 > names[name]}
        shared = {kid for kid, times in Counter(kid for kids in inside.values() for kid in kids).items() if times > 1}
        shared -= {kid for kid in shared if is_filler(kid) or is_mask(kid)}
        nested = sum(kids.total() for kids in inside.values())
        covered = sum(held for kids in inside.values() for kid, held in kids.items() if kid in shared)
        return len(inside) > 1 and len(shared) > 1 and covered * 2 > nested and nested * 2 > len(self._paths)

    def _offer(self, class_level: int, split_level: int | None = None, splits: dict[str, str] | None = None) -> None:
        key = f"level-{class_level + 1}" + ("" if split_level is None else f"-split-{split_level + 1}")
        if any(each.key == key for each in self.candidates):
            return
        classes = sorted(self._names(class_level), key=natural)
        said = f"{count(len(classes), 'class', 'classes')}: {some(classes)}"
        if split_level is not None and splits:
            said += "; " + ", ".join(f"'{name}' is {SAID[split]}" for name, split in splits.items())
        elif split_level is None and class_level and len(above := sorted(self._names(0), key=natural)) > 1:
            said += f"; {some(above)} are put together"
        self.candidates.append(Candidate(key, said, partial(self._place, key, class_level, split_level, splits or {})))

    def _place(self, key: str, class_level: int, split_level: int | None, splits: dict[str, str]) -> Layout:
        found = Layout("", without_class=self._beside, key=key)
        counted: Counter[str] = Counter()
        passed: Counter[str] = Counter()
        names = self._names(class_level)
        previews = {name for name, held in names.items() if is_preview(name) and held <= few(len(self._paths))}
        for entry, path in self._paths:
            split = splits.get(path[split_level], "") if split_level is not None and len(path) > split_level else ""
            if len(path) <= class_level or (split_level is not None and not split):
                found.without_class += 1
                passed[path[0] if path else ""] += 1
            elif path[class_level] in previews and len(names) - len(previews) > 1:
                found.without_class += 1
                passed[path[class_level]] += 1
            else:
                found.pictures.append(Placed(entry, tidy_class(path[class_level]), split))
                if split_level is not None:
                    counted[path[split_level]] += 1
        if split_level is None:
            inside = f" in '{self._root[-1]}'" if self._root and meaning(self._root[-1]) else ""
            found.words = f"Class folders{inside}."
        else:
            listed = ", ".join(f"{name} ({held:,})" for name, held in counted.items())
            found.words = f"Folders {listed} with class folders in them."
            if class_level < split_level:
                found.words = f"Class folders with {listed} in them."
            if all(meaning(name) for name in counted):
                found.notes.append(f"The folders {listed} look like splits, not classes, and are taken as such.")
            for name, split in splits.items():
                found.parts[split] = f"{found.parts[split]}, {name}" if split in found.parts else name
        unknown = [name for name, split in splits.items() if split == "train" and not hint(name)]
        if unknown and len(splits) > 2:
            found.notes.append(f"{some(unknown)} {fitting(len(unknown), 'are')} taken to learn from, too.")
        for name, pictures in passed.most_common(SHOWN):
            if name:
                are = fitting(pictures, "are")
                found.notes.append(f"{count(pictures, 'picture')} in '{name}' {are} passed over.")
        return found

    def _only_splits(self, level: int) -> None:
        """train/1.png: nothing here says a class, but a table or the names of the files may."""
        splits = splits_of(self._names(level))
        for entry, path in self._paths:
            if len(path) > level and path[level] in splits:
                self.split_of[id(entry)] = splits[path[level]]
        for name, split in splits.items():
            self.parts[split] = name

    def _known_level(self) -> int | None:
        """The first level at which nearly all names are those of splits."""
        for level in range(max((len(path) for _, path in self._paths), default=0)):
            names = self._names(level)
            known = {name: pictures for name, pictures in names.items() if meaning(name)}
            held = sum(known.values()) / sum(names.values())
            if sum(names.values()) * 2 < len(self._paths):
                return None
            if known and (held >= NEARLY or (level == 0 and held > 0.5 and self._are_splits(known))):
                return level
        return None

    def _are_splits(self, known: dict[str, int]) -> bool:
        """train and test with class folders, and another folder beside them."""
        nested = Counter(path[0] for _, path in self._paths if len(path) > 1)
        return len(known) > 1 and sum(nested[name] for name in known) * 2 > sum(known.values())

    def _names(self, level: int) -> Counter[str]:
        return Counter(path[level] for _, path in self._paths if len(path) > level)

    def _nested(self, level: int) -> float:
        """The share of pictures that lie at least so deep, of the part where it is largest."""
        whole: Counter[str] = Counter(path[0] if path else "" for _, path in self._paths)
        deep: Counter[str] = Counter(path[0] for _, path in self._paths if len(path) > level)
        largest = max(whole.values(), default=0)
        return max(
            (deep[name] / held for name, held in whole.items() if held > STRAYS or held * 4 >= largest), default=0
        )

    def _drop_wrappers(self) -> None:
        """Levels that say nothing: one name for all of it, or that of the folder above once more."""
        level = 0
        while names := self._names(level):
            at = [path for _, path in self._paths if len(path) > level]
            deeper = sum(len(path) > level + 1 for path in at) * 2 > len(at)
            if not level:
                empty = len(names) == 1 and is_filler(next(iter(names)))
            else:
                one = len({name.casefold() for name in names}) == 1
                again = sum(path[level] == path[level - 1] for path in at) >= NEARLY * len(at)
                empty = again or all(map(is_filler, names)) or (one and deeper)
            if empty:
                self._paths = [(entry, path[:level] + path[level + 1 :]) for entry, path in self._paths]
            else:
                level += 1


SAID = {"train": "to learn from", "val": "for validation", "test": "for the test"}


def _of_two(names: Counter[str]) -> dict[str, str]:
    """Of two unknown parts the much larger one is learned from; of equals the earlier. A known one decides for both."""
    first, second = sorted(names, key=natural)
    known = splits_of(names, loose=True)
    if known:
        learned = max(names, key=lambda name: (known.get(name) == "train", name not in known))
        return {name: "train" if name == learned else "test" for name in names}
    if names[second] > 1.5 * names[first]:
        first, second = second, first
    return {first: "train", second: "test"}
