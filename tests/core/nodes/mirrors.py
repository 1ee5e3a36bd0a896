"""What one computer says to a mirror, and what it hears."""

import json

from core.runs.placement import placement_of
from tests.helpers import wait_until


def look(mirror):
    """What its thread does; twice, since what a run needs is found in one of its own."""
    mirror._look(scan=True)
    wait_until(lambda: not any(each._is_getting_ready for each in mirror._runs.values()))
    mirror._look(scan=True)


def told(mirror, run, node="lab-1"):
    """The order about a run, as its computer gets it."""
    return mirror.answer(node, "orders", {"known": {}})["runs"].get(run.id)


def line(kind, **values):
    return json.dumps({"event": kind, "time": 1.0, **values}).encode() + b"\n"


def deliver(mirror, run, data, offset=None, node="lab-1", generation=None):
    generation = placement_of(run.folder).generation if generation is None else generation
    offset = (run.event_log.stat().st_size if run.event_log.exists() else 0) if offset is None else offset
    values = {"run": run.id, "generation": generation, "offset": offset, "data": data}
    return mirror.answer(node, "deliver", values)


def over(mirror, run):
    """Its computer says that its worker is gone and that this is all."""
    from core.nodes.outgoing import digest_of_path

    size = run.event_log.stat().st_size
    digest = digest_of_path(run.event_log, size)
    values = {"run": run.id, "generation": placement_of(run.folder).generation, "files": {}, "over": [size, digest]}
    return mirror.answer("lab-1", "offer", values)
