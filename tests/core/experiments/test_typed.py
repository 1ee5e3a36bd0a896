"""What the commas between digits can mean."""

import pytest

from core.experiments.typed import readings, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1, 0.2;0.3 4", ["0.1", "0.2", "0.3", "4"]),
        ("1,024, 2,048", ["1,024", "2,048"]),
        ("1'024 1_024", ["1024", "1024"]),
        (" ,; ", []),
    ],
)
def test_a_text_falls_apart_at_blanks_and_semicolons(text, expected):
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("found", "whole", "single", "expected"),
    [
        (["1,024"], True, True, [("thousands", [[1024.0]])]),
        (["16,32"], True, False, [("between", [[16.0, 32.0]])]),
        (["0,5"], False, True, [("decimals", [[0.5]])]),
        (["1,024", "2,048"], False, True, [("thousands", [[1024.0], [2048.0]]), ("decimals", [[1.024], [2.048]])]),
        (["1,024", "5,5"], False, True, [(None, [[1.024], [5.5]])]),  # what is certain of one holds for all
        ([], True, True, [(None, [])]),
    ],
)
def test_what_one_token_tells_holds_for_all(found, whole, single, expected):
    told = [(reading.sign, reading.numbers) for reading in readings(found, whole, single)]
    assert [numbers for _, numbers in told] == [numbers for _, numbers in expected]


@pytest.mark.parametrize("token", ["x", "1e999", "1,,2", "nan"])
def test_what_is_no_number_is_named(token):
    with pytest.raises(ValueError, match=token):
        readings([token], False, True)
