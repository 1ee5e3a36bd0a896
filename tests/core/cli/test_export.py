"""A run taken along from the command line."""

import json
import os

import pytest

from core.cli import export, main
from core.export import kinds
from core.export.kept import find_kept
from core.runs.metadata import change_metadata
from tests.helpers import assert_one_sentence, document, with_plain_spaces
from tests.pages.fake_runs import fake_run


@pytest.fixture
def run(runs_folder):
    run = fake_run(runs_folder, "finished")
    change_metadata(run, title="My digits")
    run.best.write_bytes(b"weights")
    return run


@pytest.fixture
def call(runs_folder, data_folder, capsys, monkeypatch):
    """Runs a command whose maker writes what it was asked; (status, output, errors)."""

    def write(run, place, which, data_folder, tell, **options):
        tell(0.5, "Reading pictures")
        place.write_text(json.dumps([run.id, which, options]))
        return {"sentence": "50 of 50 pictures get the same answer."}

    monkeypatch.setattr(kinds, "import_module", lambda name: type("M", (), dict.fromkeys(MAKERS, staticmethod(write))))

    def called(*words):
        folders = ["--runs", str(runs_folder), "--data", str(data_folder)]
        return (main.main([*map(str, words), *folders]), *capsys.readouterr())

    return called


MAKERS = [kind.maker.split(":")[1] for kind in kinds.KINDS.values()]


def test_the_file_has_the_title_unless_a_place_is_given(call, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, _ = call("export", run.id, "page")
    assert status == 0 and "50 of 50 pictures get the same answer. Written to My-digits.html" in out
    assert json.loads((tmp_path / "My-digits.html").read_text()) == [run.id, "", {}]
    assert call("export", run.id, "package", tmp_path)[0] == 0
    assert (tmp_path / "My-digits.zip").is_file()
    status, out, _ = call("export", run.id, "run", tmp_path / "mine.traindesk", "--pictures", "--json")
    assert json.loads((tmp_path / "mine.traindesk").read_text()) == [run.id, "", {"pictures": True}]
    for number, words in enumerate((["run", "--pictures", "--json"], ["--pictures", "run"])):
        place = tmp_path / f"{number}.traindesk"
        assert call("export", run.id, *words, place)[0] == 0 and place.is_file(), "whatever comes first"
    assert document(out)["kind"] == "run" and document(out)["file"] == str(tmp_path / "mine.traindesk")


def test_wrong_words_are_one_sentence(call, run, tmp_path):
    status, _, err = call("export", run.id, "page", tmp_path, "--pictures")
    assert status == 2
    assert_one_sentence(err.strip(), "--pictures goes with 'run'")
    status, _, err = call("export", run.id, "page", tmp_path, "--network", "7")
    assert status == 1
    assert_one_sentence(err.strip(), "has kept no network '7'", "best")


def test_how_far_it_is_and_what_was_found_are_kept_for_whoever_asked(call, run, tmp_path, monkeypatch):
    gentle = []
    monkeypatch.setattr(export, "be_gentle", gentle.append)
    place = tmp_path / "page.html"
    assert call("export", run.id, "page", place, "--progress", tmp_path / "p.json", "--keep", "--gently")[0] == 0
    assert json.loads((tmp_path / "p.json").read_text())["words"]
    assert find_kept(place).facts["sentence"].startswith("50 of 50") and gentle


def test_a_terminal_is_told_how_far_it_is(call, run, tmp_path, monkeypatch):
    monkeypatch.setattr(export.sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(export, "INTERVAL", -1)
    _, _, err = call("export", run.id, "page", tmp_path)
    assert "50 % Reading pictures" in with_plain_spaces(err) and os.linesep not in err.strip()
