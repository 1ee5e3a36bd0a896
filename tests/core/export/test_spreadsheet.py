"""CSV that people download cannot start a formula."""

import csv
import io

import pandas as pd
import pytest

from core.export.spreadsheet import as_csv


@pytest.mark.parametrize(
    "bad", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u200e=1", "＝1", '=HYPERLINK("http://evil")']
)
def test_a_text_that_would_be_a_formula_is_told_to_be_text(bad):
    table = pd.DataFrame({"File": [bad, "plain.png"], bad: [None, "x=1"]})
    [head, first, second] = csv.reader(io.StringIO(as_csv(table).decode(), newline=""))
    seen = f"'{bad.strip(chr(0x200E)).strip()}"
    assert head == ["File", seen] and first == [seen, ""] and second == ["plain.png", "x=1"]


@pytest.mark.parametrize("sign", ["\r", "\n", "\r\n", "\u2028"])
def test_no_line_break_begins_a_cell(sign):
    table = pd.DataFrame({"File": [f"x{sign}=1+1"]})
    assert as_csv(table).decode().splitlines() == ["File", "x =1+1"]


def test_numbers_stay_numbers():
    table = pd.DataFrame({"a": [-1, 2], "b": [-0.5, float("nan")], "c": ["-97.9%", "97.9%"], "d": [True, False]})
    assert as_csv(table).decode().splitlines() == ["a,b,c,d", "-1,-0.5,'-97.9%,True", "2,,97.9%,False"]


def test_a_mark_at_the_beginning_keeps_any_script_whole():
    assert as_csv(pd.DataFrame({"é": ["数"]}), "utf-8-sig") == "\ufeffé\n数\n".encode()
