"""A desk and a node in one process: what a run needs, brought as the node would bring it."""

import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path

from core.nodes.bring import bring
from core.nodes.parcels import Parcel, needs
from core.nodes.shelf import Shelf
from core.runs.store import Run, create_run
from core.workers.worker import work
from tests.core.running import same_weights
from tests.helpers import quick_config


@dataclass
class Place:
    """A computer: its data, its runs, and what it has fetched."""

    folder: Path
    fetched: list[tuple[str, int, int]] = field(default_factory=list)  # digest, offset, bytes that came

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    def take(self, run: Run, parcels: list[Parcel], progress=None, fetch=None) -> Run:
        """Brings what was offered of a run here, and its config; the run's copy here."""
        shelf = Shelf()
        shelf.offer(run.id, parcels)
        copy = Run(self.runs / run.id)
        copy.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(run.config_file, copy.config_file)

        def counted(digest: str, offset: int, length: int) -> bytes:
            data = (fetch or shelf.read)(digest, offset, length)
            self.fetched.append((digest, offset, len(data)))
            return data

        told = [Parcel.from_dict(parcel.to_dict()) for parcel in parcels]
        bring(told, self.data, copy.folder, self.runs, counted, progress)
        return copy

    def bytes_fetched(self) -> int:
        return sum(size for _, _, size in self.fetched)


def sent(run: Run, data_folder: Path, place: Place) -> Run:
    """The copy of a run with all that it needs, on another computer."""
    return place.take(run, needs(run, data_folder))


def offline(monkeypatch) -> None:
    """From now on no connection can be made."""

    def refused(*_, **__):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket.socket, "connect_ex", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


def told(run: Run) -> list[dict]:
    """What its log says of losses and results: all that does not depend on clocks."""
    kept = []
    for event in run.events()[0]:
        if event["event"] in ("epoch", "test"):
            clocked = ("time", "seconds", "images_per_second", "epoch_seconds", "memory_bytes")
            kept.append({name: value for name, value in event.items() if name not in clocked})
    return kept


def new_run(place, **settings):
    settings = {"batch_size": 16, **settings}
    settings["training"] = {"precision": "float32", **settings.get("training", {})}
    return create_run(quick_config(**settings), place.runs)


def trained(run, data_folder, listen=lambda event: None):
    end = work(run, data_folder, listen)
    assert end["event"] in ("finished", "paused"), end["message"]
    return run


def as_here(here, there):
    """Whether two trainings were the same, bit for bit."""
    return (
        told(here) == told(there) != [] and same_weights(here.best, there.best) and same_weights(here.last, there.last)
    )


def version_of(own, version):
    """A version of own pictures as a dataset's settings."""
    facts = {name: value for name, value in own.facts(version).items() if name != "class_ids"} | {"title": own.title}
    return {"name": "own_images", "source": own.id, "version": version, "side": 28, "facts": facts}
