"""What a run can be taken along as."""

import inspect
from importlib import import_module

import pytest

from core.errors import TrainDeskError
from core.export import kinds
from core.export.kinds import KINDS, Kind, make
from core.runs.store import create_run
from tests.helpers import assert_one_sentence, quick_config
from tests.pages.fake_runs import running

QUIET = lambda share, words: None  # noqa: E731


@pytest.fixture
def run(runs_folder):
    return create_run(quick_config(), runs_folder)


@pytest.fixture
def maker(monkeypatch):
    """Puts a function in the place of the one that makes pages."""

    def use(function):
        module = type("Module", (), {"write_page": staticmethod(function)})
        monkeypatch.setattr(kinds, "import_module", lambda name: module)
        return KINDS["page"]

    return use


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_has_a_maker_of_one_shape(kind: Kind):
    module, function = kind.maker.split(":")
    made = inspect.signature(getattr(import_module(f"core.export.{module}"), function)).parameters
    assert list(made)[:5] == ["run", "place", "which", "data_folder", "tell"]
    assert all(each.default is not inspect.Parameter.empty for each in list(made.values())[5:])


def test_a_run_without_a_network_is_one_sentence(run, tmp_path):
    with pytest.raises(TrainDeskError) as refusal:
        make(KINDS["page"], run, tmp_path / "page.html", "", tmp_path, QUIET)
    assert_one_sentence(str(refusal.value), "no checkpoint yet")


def test_what_trains_stands_still_for_its_maker(run, maker, tmp_path):
    run.best.write_bytes(b"first")

    def write(still, place, which, data_folder, tell):
        run.best.with_suffix(".new").write_bytes(b"second")
        run.best.with_suffix(".new").replace(run.best)
        assert still.id == run.id and still.folder != run.folder
        place.write_bytes(still.best.read_bytes())
        return {"sentence": "It is the same."}

    with running(run):
        found = make(maker(write), run, tmp_path / "page.html", "", tmp_path, QUIET)
    assert (tmp_path / "page.html").read_bytes() == b"first"
    assert found == {"sentence": "It is the same.", "file": str(tmp_path / "page.html"), "bytes": 5}


def test_a_place_that_cannot_be_written_is_one_sentence(run, maker, tmp_path):
    run.best.write_bytes(b"first")
    write = lambda still, place, *_: place.write_bytes(b"x")  # noqa: E731
    with pytest.raises(TrainDeskError) as refusal:
        make(maker(write), run, tmp_path / "no" / "page.html", "", tmp_path, QUIET)
    assert_one_sentence(str(refusal.value), "page.html could not be written", "choose another place")
