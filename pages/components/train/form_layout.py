"""Where a setting stands in the training form. What is not named here is drawn too: last, and folded."""

from __future__ import annotations

from collections.abc import Iterator

from core.run_config import PARTS
from core.settings.settings import FieldSpec
from pages.components.shell.number_words import rows_of

FIRST = ("dataset", "architecture", "optimizer", "training")  # the others follow in their order
COLUMNS = 3
OFTEN_USED = ("epochs", "batch_size", "device", "epoch_seconds")  # of the training settings, in this order
SECTIONS: dict[str, dict[str, tuple[str, ...]]] = {  # group -> heading -> settings, a row each
    "training": {
        "Judging and stopping": ("validation_share", "validate_every", "best_by", "patience", "prune"),
        "Steps": ("training_pictures", "balance", "gradient_clip", "average_decay", "seed"),
        "Computing": ("precision", "evaluation_batch_size", "compile", "tensorboard"),
        "Beginning": ("start_from", "own_pictures"),
    },
    "augmentation": {
        "Place": ("flip", "crop", "shift", "rotation"),
        "Form": ("scale", "stretch", "shear"),
        "Light": ("brightness", "contrast", "gamma"),
        "Covering and blending": ("cutout", "mixup"),
    },
}
OTHERS = "Others"


def form_rows() -> Iterator[list[str]]:
    """The parts of a run, and how it trains, row by row."""
    owners = [*FIRST, *(part for part in PARTS if part not in FIRST)]
    return (list(row) for row in rows_of(owners, COLUMNS))


def often_used(specs: list[FieldSpec]) -> list[FieldSpec]:
    """Those of `OFTEN_USED`, in its order."""
    by_name = {spec.name: spec for spec in specs}
    return [by_name[name] for name in OFTEN_USED if name in by_name]


def sections(group: str, specs: list[FieldSpec]) -> list[tuple[str, list[FieldSpec]]]:
    """A group's settings under their headings, those of `OFTEN_USED` left out."""
    left = {spec.name: spec for spec in specs if not (group == "training" and spec.name in OFTEN_USED)}
    found = []
    for heading, names in SECTIONS.get(group, {}).items():
        found.append((heading, [left.pop(name) for name in names if name in left]))
    found.append((OTHERS, list(left.values())))
    return [(heading, members) for heading, members in found if members]
