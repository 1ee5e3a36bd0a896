"""The commands for labels, the trash and the queue."""

from types import SimpleNamespace

import pytest

from core.export.saved.run_file import save_run
from core.runs import disk
from core.runs.history import History
from core.runs.metadata import RunMetadata, change_metadata, read_metadata
from core.runs.queue import enqueue, waiting
from core.runs.store import create_run, list_runs
from core.runs.trash import deleted_runs
from core.workers import dispatch
from tests.helpers import assert_one_sentence, document, quick_config, wait_until
from tests.pages.fake_runs import fake_run, running

FAST = ["dataset=digits", "epochs=2", "device=cpu", "architecture=mlp", "hidden=16"]


@pytest.fixture
def run(runs_folder):
    return fake_run(runs_folder, "finished")


@pytest.fixture
def queued_runs(runs_folder):
    """Three runs that wait, in their order."""
    runs = [create_run(quick_config(title=title), runs_folder) for title in ("one", "two", "three")]
    for each in runs:
        enqueue(each)
    return runs


@pytest.fixture
def no_room(monkeypatch):
    """One training at once on the CPU, and no supervisor that would start the next."""
    monkeypatch.setattr(dispatch, "cpu_runs", lambda runs_folder: 1)
    monkeypatch.setattr(dispatch, "ensure_supervisor", lambda *_: None)


def refused(result, expected_status, *parts):
    status, out, err = result
    assert status == expected_status
    assert_one_sentence(err.strip(), *parts)
    if out:
        assert document(out) == {"error": err.strip()}


def well(result):
    """The text of a command that did its work."""
    status, out, err = result
    assert (status, err) == (0, "")
    return out.strip()


# --- labels ----------------------------------------------------------------------------------------------------------


def test_a_run_is_renamed(call, run):
    assert_one_sentence(well(call("rename", run.id, "Größe 3")), run.id, "'Größe 3'")
    assert read_metadata(run).title == "Größe 3"
    assert "its config" in well(call("rename", run.id, ""))
    assert read_metadata(run).title == ""


def test_a_note_is_written_and_replaced(call, run):
    assert_one_sentence(well(call("note", run.id, "slow, but good")), "note")
    assert read_metadata(run).note == "slow, but good"
    assert "no note" in well(call("note", run.id, " "))
    assert read_metadata(run).note == ""


def test_tags_come_and_go(call, run):
    well(call("tag", run.id, "mnist", "dropout 0.5"))
    assert "mnist, dropout 0.5, late" in well(call("tag", run.id, "late"))
    assert read_metadata(run).tags == ("mnist", "dropout 0.5", "late")
    well(call("untag", run.id, "MNIST", "other"))
    assert "no tags" in well(call("untag", run.id, "late", "dropout 0.5"))
    assert read_metadata(run).tags == ()


def test_a_favourite_is_marked_and_unmarked(call, run):
    assert "is a favourite" in well(call("favourite", "latest"))
    assert read_metadata(run).favourite
    assert "is no favourite" in well(call("favourite", run.id[:-1], "--off"))
    assert not read_metadata(run).favourite


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["rename", "latest", "New"], RunMetadata("New", "old note", ("old",), True)),
        (["note", "latest", "new note"], RunMetadata("Old", "new note", ("old",), True)),
        (["tag", "latest", "new"], RunMetadata("Old", "old note", ("old", "new"), True)),
        (["untag", "latest", "old"], RunMetadata("Old", "old note", (), True)),
        (["favourite", "latest", "--off"], RunMetadata("Old", "old note", ("old",), False)),
    ],
)
def test_each_changes_its_field_alone_and_gives_all_as_json(arguments, expected, call, run):
    change_metadata(run, title="Old", note="old note", tags=["old"], favourite=True)
    given = document(well(call(*arguments, "--json")))
    assert given == {"run": run.id, **vars(expected), "tags": list(expected.tags)}
    assert read_metadata(run) == expected


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_is_too_long_is_refused(form, call, run):
    refused(call("rename", run.id, "t" * 81, *form), 1, "at most 80")
    refused(call("note", run.id, "n" * 2001, *form), 1, "at most 2,000")
    refused(call("tag", run.id, "a,b", *form), 1, "comma")


@pytest.mark.parametrize(
    "arguments",
    [
        ["rename", "nobody", "New"],
        ["note", "nobody", "text"],
        ["tag", "nobody", "new"],
        ["untag", "nobody", "new"],
        ["favourite", "nobody"],
        ["delete", "nobody"],
        ["restore", "nobody"],
        ["queue", "nobody", "--up"],
    ],
)
def test_a_run_that_does_not_exist_is_wrong_input(arguments, call, run):
    refused(call(*arguments), 2, "no run 'nobody'")


# --- a saved run -----------------------------------------------------------------------------------------------------


def test_a_saved_run_is_opened_once(call, runs_folder, data_folder, tmp_path):
    saved = fake_run(tmp_path / "elsewhere", "finished")
    save_run(saved, tmp_path / "saved.traindesk", "", data_folder, lambda *_: None)
    text = well(call("open", str(tmp_path / "saved.traindesk")))
    [run] = list_runs(runs_folder)
    assert_one_sentence(text, "is here now", run.id, "it is finished")
    assert run.id == saved.id
    refused(call("open", str(tmp_path / "saved.traindesk")), 1, "is here already")
    refused(call("open", str(tmp_path / "nothing.traindesk")), 1, "'nothing.traindesk'")


# --- the trash -------------------------------------------------------------------------------------------------------


def test_a_run_is_deleted_listed_restored_and_removed_for_good(call, run, runs_folder):
    assert well(call("trash")) == "The trash is empty."
    assert_one_sentence(well(call("delete", run.id)), run.id, "trash", f"restore {run.id}")
    assert list_runs(runs_folder) == []
    assert well(call("trash")).startswith(run.id) and "deleted 20" in well(call("trash"))
    (listed,) = document(well(call("trash", "--json")))
    assert listed["run"] == run.id and listed["bytes"] > 1000 and listed["deleted"] > run.created()

    assert_one_sentence(well(call("restore", run.id[:-2])), run.id, "finished")
    assert list_runs(runs_folder) == [run]
    call("delete", run.id)
    freed = document(well(call("trash", "--empty", "--json")))["freed_bytes"]
    assert freed == listed["bytes"]
    assert deleted_runs(runs_folder) == [] and document(well(call("trash", "--json"))) == []
    refused(call("restore", run.id), 2, run.id)


def test_emptying_an_empty_trash_is_well(call):
    assert_one_sentence(well(call("trash", "--empty")), "trash is empty", "0 MB")


def test_a_run_that_trains_is_not_deleted(call, run):
    with running(run):
        refused(call("delete", run.id), 1, "is being trained", "stop it")
    assert run.is_here()


# --- the queue -------------------------------------------------------------------------------------------------------


def test_the_queue_is_listed_in_its_order(call, queued_runs):
    lines = well(call("queue")).splitlines()
    assert [line.split()[:2] for line in lines] == [[str(n), run.id] for n, run in enumerate(queued_runs, 1)]
    listing = document(well(call("queue", "--json")))
    assert [item["run"] for item in listing] == [run.id for run in queued_runs]
    assert all(item["since"] > 1e9 and item["owner"] == "" for item in listing)


def test_an_empty_queue_says_so(call, run):
    assert well(call("queue")) == "No run waits."
    assert document(well(call("queue", "--json"))) == []


@pytest.mark.parametrize(
    ("which", "where", "expected"),
    [
        (2, "up", [0, 2, 1]),
        (0, "down", [1, 0, 2]),
        (2, "first", [2, 0, 1]),
        (1, "remove", [0, 2]),
        (0, "up", [0, 1, 2]),
    ],
)
def test_a_place_in_the_queue_is_changed(which, where, expected, call, queued_runs, runs_folder):
    listing = document(well(call("queue", queued_runs[which].id, f"--{where}", "--json")))
    assert [item["run"] for item in listing] == [queued_runs[index].id for index in expected]
    assert [entry.run for entry in waiting(runs_folder)] == [queued_runs[index] for index in expected]


def test_a_run_on_its_way_waits_no_more(call, queued_runs):
    queued_runs[0].starting_mark.touch()
    assert [item["run"] for item in document(well(call("queue", "--json")))] == [run.id for run in queued_runs[1:]]
    refused(call("queue", queued_runs[0].id, "--remove"), 1, "does not wait", "starting")


@pytest.mark.parametrize("where", ["up", "down", "first", "remove"])
def test_a_run_that_does_not_wait_has_no_place(where, call, run):
    refused(call("queue", run.id, f"--{where}"), 1, run.id, "does not wait")


def test_half_a_command_is_wrong_input(call, queued_runs):
    refused(call("queue", queued_runs[0].id), 2, queued_runs[0].id, "--up", "--remove")
    refused(call("queue", "--first"), 2, "--first", "which run")


# --- submit ----------------------------------------------------------------------------------------------------------


def test_a_submitted_run_is_trained_in_the_background(call, runs_folder):
    given = document(well(call("submit", "--recipe", "digits", "--set", *FAST, "title=Beside", "--json")))
    (run,) = list_runs(runs_folder)
    assert given == {"run": run.id, "started": True, "before": 0, "computer": ""}
    wait_until(lambda: run.status().name == "finished")
    assert run.config().title == "Beside" and len(History(run).update().epochs) == 2


def test_without_room_a_submitted_run_is_queued_behind_the_others(call, run, runs_folder, no_room):
    with running(run):
        texts = [well(call("submit", "--recipe", "digits", "--set", "device=cpu")) for _ in range(3)]
        runs = [entry.run for entry in waiting(runs_folder)]
        for place, (text, queued) in enumerate(zip(texts, runs, strict=True)):
            assert_one_sentence(text, f"{queued.id}: queued, {place} before it")
            assert queued.status().name == "queued"


def test_a_config_file_is_submitted(call, run, runs_folder, tmp_path, no_room):
    config = quick_config(title="From a file")
    (tmp_path / "mine.json").write_text(config.model_dump_json())
    with running(run):
        given = document(well(call("submit", "--config", tmp_path / "mine.json", "--json")))
        (entry,) = waiting(runs_folder)
    assert given == {"run": entry.run.id, "started": False, "before": 0, "computer": ""}
    assert entry.run.config() == config


def test_on_a_full_disk_no_run_is_made(call, runs_folder, monkeypatch):
    monkeypatch.setattr(disk, "disk_usage", lambda runs_folder: SimpleNamespace(free=1_000_000))
    refused(call("submit", "--recipe", "digits", "--json"), 1, "1 MB", "300 MB", "trash")
    assert list_runs(runs_folder) == []


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--recipe", "vgg"], "Unknown recipe 'vgg'"),
        (["--recipe", "digits", "--set", "epochs=0"], "Epochs is 0"),
        (["--config", "nowhere.json"], "cannot be read"),
    ],
)
def test_a_wrong_choice_makes_no_run(arguments, part, form, call, runs_folder):
    refused(call("submit", *arguments, *form), 2, part)
    assert list(runs_folder.iterdir()) == []
