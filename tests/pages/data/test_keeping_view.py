"""Where pictures lie, who sees them and until when, on the Data page and on a run's page."""

from datetime import date, timedelta

import pytest

from core.image_sets.folders import list_datasets
from core.image_sets.imports import list_jobs, new_job
from core.image_sets.keeping import day_words, keep_until, keeping_of
from core.privacy.erasing import erase_due
from core.run_config import RunConfig
from core.runs.events import EventWriter
from core.runs.store import create_run
from core.sharing import Guest
from pages.components.shell import rights
from tests.own import encoded, own_dataset, picture
from tests.pages.apps import nodes, open_app, run, widget, words

TODAY = date.today()


@pytest.fixture
def dataset(data, tmp_path):
    return own_dataset(data, tmp_path)


@pytest.fixture
def as_guest(monkeypatch):
    monkeypatch.setattr(rights, "current_authenticator", lambda: "an authenticator")
    monkeypatch.setattr(rights, "_guest", lambda: Guest("me", is_host=False))


def buttons(app):
    """The words on those that open something."""
    protos = (getattr(node, "proto", None) for node in nodes(app._tree))
    return [proto.popover.label for proto in protos if getattr(proto, "popover", None) and proto.popover.label]


def test_alone_the_data_page_names_the_folder_and_offers_the_document(data):
    said = words(open_app("data"))
    assert f"in {data}." in said and "the network cannot reach them" in said and "For the data officer" in said


@pytest.mark.usefixtures("as_guest")
def test_a_guest_reads_as_whom_they_are_here_and_no_path(data):
    said = words(open_app("data"))
    assert "You are a guest. Everybody who has a password sees them" in said
    assert str(data) not in said and "For the data officer" not in said


def test_a_day_is_chosen_shown_and_taken_back(dataset):
    app = open_app("data", set=dataset.id)
    widget(app, f"last day of {dataset.id}").set_value((TODAY + timedelta(30)).isoformat())
    run(app)
    goes = TODAY + timedelta(30)
    assert keeping_of(dataset.folder).goes == goes
    assert f"Kept until {day_words(goes)}" in buttons(app)
    widget(app, f"last day of {dataset.id}").set_value("")
    run(app)
    assert keeping_of(dataset.folder).goes is None and "Kept until someone deletes them" in buttons(app)


@pytest.mark.usefixtures("as_guest")
def test_others_see_the_day_and_cannot_change_it(dataset):
    keep_until(dataset.folder, TODAY + timedelta(7))
    app = open_app("data", set=dataset.id)
    assert f"Kept until {day_words(TODAY + timedelta(7))}; then they go" in words(app)
    with pytest.raises(KeyError):
        widget(app, f"last day of {dataset.id}")


def test_a_collection_has_its_day_before_it_is_a_dataset(data):
    job = new_job(data, rights.HERE)
    (job.uploads / "dots").mkdir()
    (job.uploads / "dots" / "1.jpg").write_bytes(encoded(picture("dots", 1), "JPEG"))
    app = open_app("data")
    widget(app, f"go on {job.id}").click()
    run(app)
    widget(app, f"last day of {job.id}").set_value((TODAY + timedelta(1)).isoformat())
    run(app)
    assert keeping_of(job.folder).goes == TODAY + timedelta(1)
    erase_due(data, data.parent / "runs", TODAY + timedelta(1))
    assert not list_jobs(data) and run(app)


def test_after_its_day_its_run_says_so_and_its_page_too(dataset, data, runs_folder):
    made = RunConfig.from_dict({"dataset": {"name": "own_images", "source": dataset.id}, "architecture": "photo_cnn"})
    learned = create_run(made, runs_folder)
    log = EventWriter(learned.event_log)
    log.write("stopped", message="Stopped.")
    log.close()
    keep_until(dataset.folder, date(2026, 12, 4))
    assert "were deleted" not in words(open_app("run", run=learned.id))
    erase_due(data, runs_folder, date(2026, 12, 4))
    assert "Its pictures were deleted on 4 December 2026" in words(open_app("run", run=learned.id))
    assert not list_datasets(data)
    app = open_app("data", set=dataset.id)
    assert len(app.warning) == 1 and "were deleted on 4 December 2026" in app.warning[0].value
