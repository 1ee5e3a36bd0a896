"""On a shared dashboard a visitor changes only what they made; the host changes everything."""

import pytest

from core.image_sets.bounds import IMPORTS
from core.image_sets.folders import delete_dataset
from core.image_sets.import_process import run_import
from core.image_sets.imports import Request, list_jobs, new_job
from core.runs.bounds import most_waiting
from core.runs.metadata import change_metadata, read_metadata
from core.runs.store import list_runs
from core.runs.trash import delete_run
from core.sharing import Guest
from core.workers.dispatch import set_cpu_runs
from pages.components.shell import header, rights
from tests.own import class_files, own_dataset, zipped
from tests.pages.apps import open_app, run, sentence, widget, words
from tests.pages.fake_runs import STATUSES, fake_run, running

pytestmark = pytest.mark.usefixtures("data")
ME = Guest("me", is_host=False)
# what anyone may do with a run of someone else's: look, compare, try, copy its settings, take its numbers
FREE = {
    "Presenter view: large type, no menus", "Chart options", "Why?",
    "Make it", "Try it: draw or upload", "Train again with changes", "Open", "Compare",
    "Run it again with changes", "CSV", "Parquet", "Download", "Close", "Start the digits training", "Look", "All datasets",
    "Train on these pictures", "Transfer learning", "From scratch", "Pictures of each class",
    "Start again with 30\u202f% held back for validation",
}  # fmt: skip


def buttons(app):
    return {button.label for button in app.button} | {
        element.proto.popover.label
        for element in app._tree
        if getattr(getattr(element, "proto", None), "popover", None) and element.proto.popover.label
    }


def make(runs_folder, status):
    if status == "running":
        return fake_run(runs_folder, "paused")
    return fake_run(runs_folder, status)


@pytest.mark.parametrize("status", STATUSES)
def test_someone_elses_run_can_be_looked_at_only(runs_folder, as_someone, status):
    other = make(runs_folder, status)
    change_metadata(other, owner="someone else")
    as_someone(ME)
    app = open_app("run", run=other.id)
    assert buttons(app) <= FREE
    assert rights.READ_ONLY in words(app) or status in ("starting", "damaged")
    assert not [
        widget for widget in (*app.text_input, *app.text_area, *app.number_input) if other.id in str(widget.key)
    ]


def test_a_running_one_cannot_be_stopped_by_others_and_can_by_its_owner_and_the_host(runs_folder, as_someone):
    other = fake_run(runs_folder, "paused")
    change_metadata(other, owner="someone else")
    with running(other):
        as_someone(ME)
        app = open_app("run", run=other.id)
        assert buttons(app) <= FREE and rights.READ_ONLY in words(app)
        assert {"Pause", "Stop"}.isdisjoint(buttons(open_app("runs")))
        for who in (Guest("someone else", False), Guest("the teacher", True)):
            as_someone(who)
            assert {"Pause", "Stop"} <= buttons(open_app("run", run=other.id))


@pytest.mark.parametrize("page", ["", "run", "runs", "system", "data", "train", "classify", "compare", "lessons"])
def test_a_guest_is_not_told_where_things_lie_on_the_hosts_computer(runs_folder, as_someone, page):
    change_metadata(fake_run(runs_folder, "finished"), owner="me")
    as_someone(ME)
    assert str(runs_folder.parent) not in words(open_app(page))
    as_someone(Guest("the teacher", True))
    assert (str(runs_folder.parent) in words(open_app(page))) == (page in ("run", "runs", "system", "data"))


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        ("run", {"run": "none"}),
        ("run", {"run": "mine"}),
        ("train", {"from": "none"}),
        ("train", {"recipe": "cifar_cnn"}),
        ("data", {"set": "none"}),
    ],
)
def test_a_sentence_of_what_went_wrong_tells_a_guest_no_place_either(runs_folder, data, as_someone, page, asked):
    mine = fake_run(runs_folder, "damaged")
    asked = {name: mine.id if value == "mine" else value for name, value in asked.items()}
    for who in (ME, Guest("the teacher", True)):
        as_someone(who)
        said = words(open_app(page, **asked))
        assert who.is_host or not any(str(folder) in said for folder in (runs_folder, data))
    assert page == "data" or any(str(folder) in said for folder in (runs_folder, data)), "the host is told"


@pytest.mark.parametrize("who", [Guest("someone else", False), Guest("the teacher", True)])
def test_its_owner_and_the_host_may_do_everything(runs_folder, as_someone, who):
    other = fake_run(runs_folder, "finished")
    change_metadata(other, owner="someone else")
    as_someone(who)
    app = open_app("run", run=other.id)
    assert {"Delete", "Train on", "Keep"} <= buttons(app)
    assert ("Send to MLflow" in buttons(app)) == who.is_host, "it writes anywhere"


def test_a_run_belongs_to_whoever_starts_it_and_not_to_who_has_it_go_on(runs_folder, as_someone, launched):
    as_someone(ME)
    app = open_app("run")
    widget(app, "start digits").click()
    run(app)
    [mine] = list_runs(runs_folder)
    assert read_metadata(mine).owner == "me"
    paused = fake_run(runs_folder, "paused")
    change_metadata(paused, owner="me")
    as_someone(Guest("the teacher", True))
    app = open_app("run", run=paused.id)
    widget(app, f"resume {paused.id}").click()
    run(app)
    assert paused.id in launched and read_metadata(paused).owner == "me"


def test_a_guest_has_bounds_that_the_host_sets_and_has_none(runs_folder, as_someone, launched):
    teacher = Guest("the teacher", True)
    as_someone(ME)
    assert "waiting of a guest" not in {field.key for field in open_app("system").number_input}
    as_someone(teacher)
    app = open_app("system")
    widget(app, "waiting of a guest").set_value(0)
    assert "must be from 1 to 1,000" in words(run(app)) and most_waiting(runs_folder) == 50
    widget(app, "waiting of a guest").set_value(1)
    run(app)
    assert most_waiting(runs_folder) == 1
    set_cpu_runs(runs_folder, 1)
    for who, several in ((ME, True), (ME, False), (ME, False), (ME, False), (teacher, True)):
        as_someone(who)
        app = open_app("train", recipe="digits")
        if several:
            widget(app, "sweep settings").set_value(["training.epochs"])
            widget(run(app), "sweep training.epochs").set_value("1, 2, 3")
            run(app)
        before = len(list_runs(runs_folder))
        widget(app, "start").click()
        run(app)
        refused = [sentence(error) for error in app.error]
        if who is teacher:
            assert not refused and len(list_runs(runs_folder)) == before + 3
        elif several or before == 2:
            assert "each guest may have 1 waiting" in refused[0] and len(list_runs(runs_folder)) == before
        else:
            assert not refused and len(list_runs(runs_folder)) == before + 1, "one trains, one waits"


def test_a_guest_who_has_too_many_imports_is_told_so(runs_folder, data, as_someone):
    as_someone(ME)
    for _ in range(IMPORTS):
        new_job(data, "me")
    app = open_app("data", way="files")
    app.file_uploader[0].set_value([("a.zip", b"PK", "application/zip")])
    assert f"You have {IMPORTS} imports" in sentence(run(app).error[0])
    assert len(list_jobs(data)) == IMPORTS


def test_the_computer_and_its_trash_are_the_hosts(runs_folder, as_someone):
    gone = fake_run(runs_folder, "finished")
    change_metadata(gone, owner="someone else")
    delete_run(gone)
    as_someone(ME)
    app = open_app("system")
    assert "You are a guest" in words(app) and 'href="/logout"' in words(app)
    assert widget(app, "trainings at once").disabled and "Yes, empty it" not in buttons(app)
    assert "Restore" not in buttons(open_app("runs")) | buttons(open_app("run", run=gone.id))
    as_someone(Guest("the teacher", True))
    app = open_app("system")
    assert not widget(app, "trainings at once").disabled and "Yes, empty it" in buttons(app)
    assert "Restore" in buttons(open_app("runs")) & buttons(open_app("run", run=gone.id))


def test_someone_elses_pictures_can_be_looked_at_and_trained_on_only(runs_folder, data, tmp_path, as_someone):
    dataset = own_dataset(data, tmp_path, {"dots": 12, "rings": 12})
    dataset.set_about(owner="someone else")
    as_someone(ME)
    app = open_app("data", set=dataset.id)
    assert buttons(app) <= FREE and rights.READ_ONLY in words(app) and not app.file_uploader
    as_someone(Guest("someone else", False))
    assert {"Remove class", "Rename", "Delete the dataset"} <= buttons(open_app("data", set=dataset.id))
    delete_dataset(dataset)
    assert "Bring back" in buttons(open_app("data"))
    as_someone(ME)
    assert "Bring back" not in buttons(open_app("data"))


def test_an_import_belongs_to_who_brings_it_and_so_does_its_dataset(runs_folder, data, tmp_path, as_someone):
    job = new_job(data, "someone else")
    path = zipped(tmp_path / "x.zip", class_files({"dots": 6, "rings": 6}))
    job.write(Request(str(path), "Patterns"))
    run_import(job)
    assert job.dataset.about("owner") == "someone else"
    as_someone(ME)
    assert "Look" not in buttons(open_app("data"))
    assert "Keep as a dataset" not in buttons(open_app("data", **{"import": job.id}))
    as_someone(Guest("someone else", False))
    assert "Look" in buttons(open_app("data"))
    assert "Keep as a dataset" in buttons(open_app("data", **{"import": job.id}))


def test_folders_of_the_server_are_the_hosts(runs_folder, tmp_path, as_someone, monkeypatch):
    monkeypatch.setenv("TRAINDESK_FOLDERS", str(tmp_path))
    as_someone(ME)
    tile = "**Folder of the server**"
    assert not any(label.startswith(tile) for label in buttons(open_app("data")))
    as_someone(Guest("the teacher", True))
    assert any(label.startswith(tile) for label in buttons(open_app("data")))


@pytest.mark.parametrize("page", ["", "train", "runs", "run", "classify", "data", "system", "compare"])
def test_whoever_did_not_log_in_sees_no_page(runs_folder, as_someone, page):
    as_someone(None)
    app = open_app(page)
    assert "log in" in sentence(app.error[0])
    assert not (app.button or app.text_input or app.selectbox or app.file_uploader or app.title)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", None, "192.168.1.5"])
def test_a_server_that_the_network_reaches_without_a_password_shows_nothing(runs_folder, monkeypatch, address):
    monkeypatch.setattr(rights.st, "get_option", lambda name: {"server.address": address}[name])
    sentences = rights.closed()
    assert "without a password" in sentences and "make share" in sentences
    assert header.closed is rights.closed, "every page asks"


def test_alone_at_the_computer_everything_may_be_done(runs_folder):
    other = fake_run(runs_folder, "finished")
    change_metadata(other, owner="someone else")
    assert {"Delete", "Send to MLflow"} <= buttons(open_app("run", run=other.id))
    assert "Log out" not in words(open_app("system"))
