"""Drawings that everyone at this dashboard adds to: PNG files in a folder for each class, named after their writer."""

from __future__ import annotations

import io
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from core.errors import TrainDeskError
from core.files import read_bytes, remedy, remove_file, remove_folder, write_atomically
from core.image_sets.writers import checked_writer, file_by, writer_of

MOST_WRITERS = 30


@dataclass(frozen=True)
class Collection:
    """What is drawn of each class, by writers who say their names."""

    folder: Path
    classes: tuple[str, ...]
    each: int  # drawings of each class that a writer gives

    def drawings(self) -> dict[str, list[Path]]:
        """Writer -> files, by name; those of a writer class by class."""
        found: dict[str, list[Path]] = {}
        for name in self.classes:
            for file in sorted((self.folder / name).glob("by *.png")):
                if writer := writer_of(file.name):
                    found.setdefault(writer, []).append(file)
        return dict(sorted(found.items(), key=lambda each: each[0].casefold()))

    def drawn(self) -> dict[str, Counter[str]]:
        """Writer -> class -> drawings, by name."""
        return {writer: Counter(file.parent.name for file in files) for writer, files in self.drawings().items()}

    def complete(self) -> list[str]:
        """The writers who have drawn everything."""
        return [writer for writer, counts in self.drawn().items() if not self.next_of(counts)]

    def next_of(self, counts: Counter[str]) -> str:
        """The class that a writer with so many drawings draws next; "" after the last."""
        fewest = min(self.classes, key=lambda name: counts[name])
        return fewest if counts[fewest] < self.each else ""

    def known(self, name: str) -> str:
        """The writer's name as it is kept: "anna" is Anna where she has drawn. Raises TrainDeskError."""
        writer = checked_writer(name)
        return next((each for each in self.drawn() if each.casefold() == writer.casefold()), writer)

    def keep(self, name: str, class_name: str, image: Image.Image) -> Path:
        """Adds a drawing. Raises TrainDeskError."""
        writer, drawn = self.known(name), self.drawn()
        if writer not in drawn and len(drawn) >= MOST_WRITERS:
            raise TrainDeskError(
                f"{len(drawn)} writers have drawn, which is the limit; remove the drawings to begin with others."
            )
        if drawn.get(writer, Counter())[class_name] >= self.each:
            raise TrainDeskError(f"{writer} has drawn the {class_name} already; choose another name to draw it again.")
        path = self.folder / class_name / file_by(writer, time.time_ns() // 1_000_000)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = io.BytesIO()
            image.save(file, "PNG")
            write_atomically(path, file.getbuffer(), sync=False)
        except OSError as error:
            raise TrainDeskError(
                f"The drawing cannot be kept in {path.parent} ({error.strerror}); {remedy(error)}."
            ) from error
        return path

    def take_back(self, writer: str) -> None:
        """Removes what this writer drew last, if there is anything."""
        drawn = self.drawings().get(writer, [])
        if drawn:
            remove_file(max(drawn, key=lambda file: file.stat().st_mtime_ns))

    def clear(self) -> None:
        """Removes all drawings. Datasets that were made of them stay."""
        remove_folder(self.folder)

    def files(self) -> dict[str, bytes]:
        """Place of each drawing, such as "3/by Anna 1.png", and its content. Raises OSError."""
        found = [file for files in self.drawings().values() for file in files]
        return {f"{file.parent.name}/{file.name}": read_bytes(file) for file in found}
