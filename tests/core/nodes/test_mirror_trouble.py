"""Runs that are deleted, disks that are full and files that change or are missing: nothing is lost, and it is told."""

import pytest

from core.errors import TrainDeskError
from core.nodes import mirrored
from core.nodes.registry import nodes
from core.runs.placement import placement_of
from core.runs.trash import delete_run, restore_run
from tests.core.nodes.joined import place
from tests.core.nodes.mirrors import deliver, line, look, told
from tests.helpers import assert_one_sentence

pytestmark = pytest.mark.usefixtures("desk_lives", "nothing_needed")


def test_a_deleted_run_is_dropped_and_one_that_is_restored_does_not_come_back_to_life(mirror, run, runs_folder):
    old = place(run, "lab-1").generation
    look(mirror)
    deliver(mirror, run, line("paused", message="Paused."))
    known = {"runs": {run.id: {"generation": old, "placed": 0}}}
    delete_run(run)
    assert deliver(mirror, run, line("step"), 0, generation=old) == {"stale": True}
    look(mirror)
    assert mirror.answer("lab-1", "orders", {"known": known})["drop"] == {run.id: old}
    restored = restore_run(run.id, runs_folder)
    look(mirror)
    said = mirror.answer("lab-1", "orders", {"known": known})
    assert said["runs"] == {} and said["drop"] == {run.id: old}
    assert not restored.worker_is_alive() and restored.status().name == "paused"


def test_a_runs_folder_that_is_away_for_a_moment_drops_nothing(mirror, run, runs_folder):
    generation = place(run, "lab-1").generation
    look(mirror)
    deliver(mirror, run, line("started"))
    away = runs_folder.with_name("away")
    runs_folder.rename(away)
    known = {"runs": {run.id: {"generation": generation, "placed": 0}}}
    assert "error" in deliver(mirror, run, line("step"), 0, generation=generation)
    with pytest.raises(OSError):
        mirror._look(scan=True)
    assert "drop" not in mirror.answer("lab-1", "orders", {"known": known}) or not mirror.orders("lab-1", known)["drop"]
    away.rename(runs_folder)
    look(mirror)
    assert run.status().name == "running" and "size" in deliver(mirror, run, line("step"))


def test_a_disk_that_is_full_here_loses_nothing_and_is_told(mirror, run, monkeypatch):
    place(run, "lab-1")
    look(mirror)
    one, two = line("started"), line("step", step=1)
    with monkeypatch.context() as patch:
        patch.setattr(mirrored, "append", lambda path, data: path.write_bytes(data[:10]))
        said = deliver(mirror, run, one + two)
        assert_one_sentence(said["error"], "No space left", "free some space")
    assert run.event_log.read_bytes() == (one + two)[:10]
    mirror.answer("lab-1", "heard", {"facts": {"cores": 2}})
    [node] = nodes(run.folder.parent)
    assert "No space left" in node.problem
    assert deliver(mirror, run, (one + two)[10:]) == {"size": len(one + two)}
    assert run.event_log.read_bytes() == one + two


def test_what_a_run_needs_and_cannot_have_fails_it_with_the_reason(mirror, run, monkeypatch):
    def refuse(*_):
        raise TrainDeskError("The pictures are on this computer alone.")

    monkeypatch.setattr(mirrored, "needs", refuse)
    place(run, "lab-1")
    look(mirror)
    assert run.status().name == "failed" and run.status().reason == "The pictures are on this computer alone."
    assert placement_of(run.folder).settled and not run.worker_is_alive() and told(mirror, run) is None


def test_a_file_that_changes_while_it_is_fetched_is_offered_anew(mirror, run, monkeypatch, tmp_path):
    from core.nodes.digests import Digests
    from core.nodes.parcels import Parcel

    source = tmp_path / "pixels.npy"
    source.write_bytes(b"one")
    digests = Digests(run.folder.parent)

    def needs(*_):
        content = digests.of(source)
        return [Parcel("data", "weights/a.pth", content.size, content.digest, source, content.changed)]

    monkeypatch.setattr(mirrored, "needs", needs)
    place(run, "lab-1")
    look(mirror)
    [parcel] = told(mirror, run)["parcels"]
    ask = {"digest": parcel["digest"], "offset": 0, "length": 100}
    assert mirror.answer("lab-1", "fetch", ask) == {"data": b"one"}
    assert "error" in mirror.answer("lab-2", "fetch", ask), "it is not for that one"
    source.write_bytes(b"two, later")
    assert "error" in mirror.answer("lab-1", "fetch", ask)
    look(mirror)
    [parcel] = told(mirror, run)["parcels"]
    assert mirror.answer("lab-1", "fetch", ask | {"digest": parcel["digest"]}) == {"data": b"two, later"}
