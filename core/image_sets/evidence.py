"""What a probe of seconds found out about own pictures (`image_analysis.probe`): read here without torch."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from core.files import read_json, remove_file
from core.image_sets.own_dataset import OwnDataset
from core.machine.processes import is_gone, name_process, start_detached
from core.settings.stored import stored_as, write_stored

TRANSFER, SCRATCH = "transfer", "scratch"


@dataclass(frozen=True)
class Evidence:
    """Of one version. Shares are of pictures read right by linear classifiers that did not learn from them."""

    pictures: int = 0  # looked at; 0: none could be
    classes: int = 0
    features: float = 0.0  # read by EfficientNet-Lite0's features
    pixels: float = 0.0  # read by 16 x 16 pixels alone
    originals: float = 0.0  # by the better of two classifiers that can tell left from right ...
    mirrored: float = 0.0  # ... and their mirror images by the same
    swapped: tuple[str, ...] = ()  # names of two classes of which each becomes the other in a mirror
    seconds: dict[str, float] = field(default_factory=dict)  # what each kind of training will take on this computer

    def above_chance(self, share: float) -> float:
        """0 for guessing, 1 for all right."""
        chance = 1 / max(2, self.classes)
        return max(0.0, (share - chance) / (1 - chance))

    def is_complete(self) -> bool:
        """Whether a probe has nothing more to say: the times come last."""
        return not self.pictures or bool(self.seconds)

    def mirror_is_harmless(self) -> bool:
        """Mirror images are read as well as the originals, within the doubt of so few pictures, and no two classes swap."""
        doubt = 2 * (0.25 / max(1, self.pictures)) ** 0.5  # two standard errors of a share of a half
        return not self.swapped and self.mirrored >= self.originals - doubt


def evidence_file(dataset: OwnDataset, version: int) -> Path:
    """What was found out about a version, as Evidence in JSON."""
    return dataset.folder / f"probe{version}.json"


def evidence_of(dataset: OwnDataset, version: int | None = None) -> Evidence | None:
    """What was found out about a version (None: the newest); None while nothing is known."""
    said = read_json(evidence_file(dataset, dataset.newest() if version is None else version))
    return stored_as(Evidence, said) if isinstance(said, dict) else None


def keep_evidence(dataset: OwnDataset, version: int, evidence: Evidence) -> None:
    """Raises OSError."""
    write_stored(evidence_file(dataset, version), evidence)


def look_for_evidence(dataset: OwnDataset) -> bool:
    """Starts the probe of the newest version unless one runs or has ended. Whether one runs now.

    TRAINDESK_PROBE=0 switches it off. Where none can be started trainings are suggested by the rule alone.
    """
    version = dataset.newest()
    mark = dataset.folder / f"probe{version}.pid"
    known = evidence_of(dataset, version)
    if os.environ.get("TRAINDESK_PROBE") == "0" or (known and known.is_complete()):
        return False
    with contextlib.suppress(OSError):
        try:
            with mark.open("xb"):
                pass
        except FileExistsError:  # one was started: it runs, or it has failed and would again
            return not is_gone(mark)
        env = os.environ | {"GOMP_SPINCOUNT": "10000"}  # as trainings have it, or waiting counts as work
        try:
            process = start_detached(["core.image_analysis.probe", str(dataset.folder), str(version)], env=env)
        except OSError:
            remove_file(mark)
            raise
        name_process(mark, process.pid)
        return True
    return False
