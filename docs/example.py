"""Makes the example run that comes with the program: python -m docs.example

Trains the digits recipe as a person would, and keeps of its folder what the pages show, at most a megabyte.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from core.errors import TrainDeskError
from core.files import folder_size, remove_file, remove_folder
from core.paths import HOME, data_folder
from core.recipes import find_recipe
from core.runs import events
from core.runs.store import Run, create_run
from core.workers.worker import work

EXAMPLE = HOME / "checkpoints" / "example-digits"
MOST_BYTES = 1_000_000
LABELS = {
    "title": "Example: handwritten digits",
    "note": "It comes with TrainDesk, so that there is a network to try before the first training.",
    "tags": ["example"],
}
KEPT = ("config.json", "network.json", "best.pt", "test_predictions.npz", "val_predictions.npz")
LOSSES, SNAPSHOTS = 200, 12  # at most, of the loss curve's points and of the pictures of it learning


def main() -> None:
    """Trains, and puts the new example in place of the old one. Raises TrainDeskError if it cannot be as it must."""
    with tempfile.TemporaryDirectory() as folder:
        run = create_run(find_recipe("digits").config(), Path(folder))
        end = work(run, data_folder(), _say)
        if end["event"] != events.FINISHED:
            raise TrainDeskError(str(end.get("message", "The training did not finish.")))
        made = Path(folder) / EXAMPLE.name
        keep(run, made)
        if (size := folder_size(made)) > MOST_BYTES:
            raise TrainDeskError(f"The example takes {size:,} bytes; it may take {MOST_BYTES:,}.")
        remove_folder(EXAMPLE)
        shutil.copytree(made, EXAMPLE)
    print(f"{EXAMPLE}: {size:,} bytes")


def keep(run: Run, folder: Path) -> None:
    """A finished run's folder as small as the pages allow: fewer points of the loss, fewer snapshots, no state to go on from."""
    folder.mkdir()
    for name in KEPT:
        shutil.copyfile(run.folder / name, folder / name)
    (folder / "labels.json").write_text(json.dumps(LABELS, indent=1), encoding="utf-8")
    shutil.copytree(run.folder / "looks", folder / "looks")
    snapshots = sorted(path for path in (folder / "looks").glob("*.npz") if path.stem.isdecimal())
    best = (folder / "looks" / "best").read_text(encoding="ascii").strip()
    for place, path in enumerate(snapshots):
        every = -(-len(snapshots) // SNAPSHOTS)
        if place % every and place != len(snapshots) - 1 and int(path.stem) != int(best):
            remove_file(path)
    found, _ = run.events()
    steps = [event for event in found if event["event"] == events.STEP]
    every = max(1, len(steps) // LOSSES)
    dropped = {id(event) for place, event in enumerate(steps[:-1]) if place % every}
    lines = [json.dumps(event, separators=(",", ":")) for event in found if id(event) not in dropped]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _say(event: events.Event) -> None:
    if event["event"] in (events.EPOCH, events.TEST):
        print({name: value for name, value in event.items() if name in ("epoch", "val/accuracy", "test/accuracy")})


if __name__ == "__main__":
    main()
