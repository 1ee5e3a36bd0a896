"""Sets that say where things are in a picture (YOLO, COCO, Pascal VOC, tables of boxes): recognised, and refused."""

from __future__ import annotations

import re
from collections.abc import Callable

from core.image_sets.layouts.tables import Table
from core.image_sets.sources import SourceFile

LOOKED_AT = 5  # files of a kind that are opened
LARGEST = 64 * 2**20  # bytes of an annotation file
BOX = re.compile(r"\s*\d+(\s+-?\d*\.?\d+(e-?\d+)?){4,}\s*", re.IGNORECASE)


def detection_set(pictures: list[SourceFile], others: list[SourceFile], tables: list[Table]) -> str:
    """Why it is refused, or "" where it is no such set."""
    stems = {entry.parts[-1].rpartition(".")[0].casefold() for entry in pictures}
    by_ending: dict[str, list[SourceFile]] = {}
    for entry in others:
        by_ending.setdefault(entry.parts[-1].rpartition(".")[2].casefold(), []).append(entry)
    beside = [each for each in by_ending.get("txt", []) if each.parts[-1][:-4].casefold() in stems and each.size]
    if len(beside) * 4 > len(pictures) and _all(beside, _is_yolo):
        return _refusal("a YOLO detection set", "the numbers in its .txt files are boxes around things")
    beside = [each for each in by_ending.get("xml", []) if each.parts[-1][:-4].casefold() in stems]
    if len(beside) * 4 > len(pictures) and _all(beside, lambda text: "<bndbox" in text or "<object" in text):
        return _refusal("a Pascal VOC detection set", "its .xml files hold boxes around things")
    for entry in sorted(by_ending.get("json", []), key=lambda each: -each.size)[:LOOKED_AT]:
        text = _text(entry)
        if '"annotations"' in text and '"images"' in text and ('"bbox"' in text or '"categories"' in text):
            return _refusal("a COCO detection set", f"'{entry.parts[-1]}' holds boxes or outlines of things")
        if '"shapes"' in text and '"imagePath"' in text:
            return _refusal("a LabelMe set", "its .json files hold outlines of things")
    boxes = next((table for table in tables if table.is_boxes), None)
    if boxes is not None:
        return _refusal("a detection set", f"'{boxes.entry.parts[-1]}' holds boxes around things")
    return ""


def _refusal(kind: str, why: str) -> str:
    return (
        f"This is {kind}: {why}. Here each whole picture has one class, so bring the things cut out, in a folder for each "
        "class, or a CSV file with the columns 'file' and 'label'."
    )


def _all(entries: list[SourceFile], says: Callable[[str], bool]) -> bool:
    return all(says(_text(entry)) for entry in entries[:LOOKED_AT])


def _is_yolo(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    return bool(lines) and all(BOX.fullmatch(line) for line in lines)


def _text(entry: SourceFile) -> str:
    return "" if entry.size > LARGEST else entry.read_or_nothing().decode("utf-8", errors="replace")
