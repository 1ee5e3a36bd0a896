"""What people type and files are called, as it is kept."""

import pytest

from core.run_config import RunConfig
from core.runs.metadata import change_metadata
from core.runs.store import create_run
from core.text.typed import clean, clean_line
from tests.helpers import quick_config


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Two\t words\n", "Two words"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("\u2066\u2067\u2068\u2069\u200e\u200f\u061cA", "A"),
        ("a\0b\x1b[31m\x7f\x85c", "ab[31m c"),
        ("soft\u00adhyphen\ufeff\u2060\u200b", "softhyphen"),
        ("half \ud800", "half"),
        ("\ue000", ""),
        ("e\u0301, 数字, می\u200cخواهم, 👩\u200d🔬, ½ %", "e\u0301, 数字, می\u200cخواهم, 👩\u200d🔬, ½ %"),
    ],
)
def test_what_cannot_be_seen_is_left_out_of_a_line(given, kept):
    assert clean_line(given) == kept and clean_line(kept) == kept


def test_a_note_keeps_its_lines():
    assert clean("one\n\ttwo\u202e\r\n") == "one\n\ttwo\n"


def test_titles_are_cleaned_when_they_are_given(tmp_path):
    config = quick_config(title="Mine\u202e\0", experiment="Rates\u200f")
    assert (config.title, config.experiment) == ("Mine", "Rates")
    assert config.with_changes({"title": "x\u202ey"}).title == "xy"
    run = create_run(config, tmp_path)
    assert RunConfig.from_json(run.config_file.read_text()).title == "Mine"
    given = change_metadata(run, title="a\u202eb\x07", tags=["t\u2066"], note="n\u202e\n2")
    assert (given.title, given.tags, given.note) == ("ab", ("t",), "n\n2")
    assert "\\u202e" not in run.metadata_file.read_text() and "\u202e" not in run.metadata_file.read_text()
