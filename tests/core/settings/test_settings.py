"""Typed settings: what a form sees, and what a person reads when a value is wrong."""

import ast
import inspect
import json
import math
import tomllib
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from core.run_config import GROUPS, PARTS, fields
from core.settings.settings import FieldSpec, Problem, Settings, SettingsError, fields_of, parse, setting
from tests.desk import ROOT


class Oven(Settings):
    label: ClassVar[str] = "Oven"
    name: Literal["oven"] = "oven"
    heat: float = setting(180.0, "Heat", "How hot.", ge=20, le=300, unit="degrees")
    dose: float = setting(0.5, "Dose", gt=0, le=1)
    """How much: of what is put in,
    per hour."""
    turns: int = setting(3, "Turns", "How often.", ge=1, le=1_000_000)
    least: int = setting(3, "Least", "At least.", ge=2)
    free: float = setting(0.0, "Free", "Any number.")
    fan: bool = setting(False, "Fan", "Blows.")
    mode: Literal["top", "both"] = setting("top", "Mode", "Which side.", labels={"both": "both sides"})
    size: Literal[0, 64] = setting(0, "Size", "How wide.", labels={0: "not at all"})
    note: str = setting("", "Note", "Words.")
    trays: tuple[Annotated[int, Field(ge=1, le=9)], ...] = setting(
        (1, 2), "Trays", "Where.", min_length=1, max_length=3, unit="levels"
    )


SPECS = {spec.name: spec for spec in fields_of(Oven)}

TRAYS = "it must be 1 to 3 whole numbers separated by commas, each from 1 to 9 levels."


def problems(data, settings_class=Oven, path=""):
    with pytest.raises(SettingsError) as caught:
        parse(settings_class, data, path)
    return {problem.path: problem.message for problem in caught.value.problems}


def test_fields_come_in_order_without_the_registry_name():
    assert list(SPECS) == ["heat", "dose", "turns", "least", "free", "fan", "mode", "size", "note", "trays"]


def test_each_type_has_its_kind():
    kinds = [spec.kind for spec in SPECS.values()]
    assert kinds == [
        "number",
        "number",
        "integer",
        "integer",
        "number",
        "boolean",
        "choice",
        "choice",
        "text",
        "integers",
    ]


def test_a_field_carries_title_help_unit_default_and_bounds():
    heat = SPECS["heat"]
    assert (heat.title, heat.help, heat.unit, heat.default) == ("Heat", "How hot.", "degrees", 180.0)
    assert (heat.low, heat.high, heat.above) == (20, 300, None)
    assert (SPECS["dose"].above, SPECS["dose"].high) == (0, 1)
    trays = SPECS["trays"]
    assert (trays.low, trays.high, trays.entries) == (1, 9, (1, 3))


def test_a_help_stands_under_its_field_also_for_those_who_inherit_it():
    class Stove(Oven):
        fan: bool = setting(True, "Fan")

    assert SPECS["dose"].help == {spec.name: spec.help for spec in fields_of(Stove)}["dose"]
    assert SPECS["dose"].help == "How much: of what is put in, per hour."


def test_every_setting_of_a_run_has_a_help():
    for part, registry in PARTS.items():
        for name in registry.names():
            bare = [path for path, spec in fields({part: name}).items() if "." in path and not spec.help]
            assert not bare, f"{part} {name}"


def strings_under_fields(settings_class):
    """{field: string} of its own fields, by Python's own parser."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(settings_class)))
    found = next(each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == settings_class.__name__)
    return {
        field.target.id: " ".join(line.strip() for line in text.value.value.splitlines())
        for field, text in pairwise(found.body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
    }


def test_every_string_under_a_field_is_its_help():
    chosen = [*GROUPS.values(), *(each for registry in PARTS.values() for _, each in registry.items()), Oven]
    classes = {each for one in chosen for each in one.__mro__ if issubclass(each, Settings) and each is not Settings}
    written = {each: strings_under_fields(each) for each in classes}
    assert sum(map(len, written.values())) > 60
    for each, strings in written.items():
        assert {spec.name: spec.help for spec in fields_of(each) if spec.name in strings} == strings


def test_nothing_is_parsed_where_another_thread_may_import_torch(monkeypatch):
    """In Python 3.11 both would fail at times, and with a half imported torch no network answers until a restart."""
    monkeypatch.setattr(ast, "parse", None)
    assert {spec.help for spec in fields_of(Oven)} > {"How much: of what is put in, per hour."}
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["runner"]["magicEnabled"] is False


def test_choices_have_plain_words_and_keep_their_type():
    assert SPECS["mode"].choices == {"top": "top", "both": "both sides"}
    assert SPECS["size"].choices == {0: "not at all", 64: "64"}


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("heat", "a number from 20 to 300 degrees"),
        ("dose", "a number above 0, at most 1"),
        ("turns", "a whole number from 1 to 1,000,000"),
        ("least", "a whole number of at least 2"),
        ("free", "a number"),
        ("fan", "on or off (true or false)"),
        ("mode", "one of top, both"),
        ("size", "one of 0, 64"),
        ("note", "text"),
        ("trays", "1 to 3 whole numbers separated by commas, each from 1 to 9 levels"),
    ],
)
def test_allowed_values_in_words(field, words):
    assert SPECS[field].allowed() == words


def test_allowed_without_bounds():
    assert FieldSpec("x", "X", "", "", 0, "number").allowed() == "a number"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("heat", 301, "Heat is 301; it must be a number from 20 to 300 degrees."),
        ("heat", "hot", "Heat is 'hot'; it must be a number from 20 to 300 degrees."),
        ("heat", math.nan, "Heat is not a number (NaN); it must be a number from 20 to 300 degrees."),
        ("heat", math.inf, "Heat is infinite; it must be a number from 20 to 300 degrees."),
        ("heat", -math.inf, "Heat is infinite; it must be a number from 20 to 300 degrees."),
        ("free", math.nan, "Free is not a number (NaN); it must be a number."),
        ("free", -math.inf, "Free is infinite; it must be a number."),
        ("dose", 0, "Dose is 0; it must be a number above 0, at most 1."),
        ("turns", 1.5, "Turns is 1.5; it must be a whole number from 1 to 1,000,000."),
        ("turns", 0, "Turns is 0; it must be a whole number from 1 to 1,000,000."),
        ("turns", math.nan, "Turns is not a number (NaN); it must be a whole number from 1 to 1,000,000."),
        ("least", 1, "Least is 1; it must be a whole number of at least 2."),
        ("fan", "perhaps", "Fan is 'perhaps'; it must be on or off (true or false)."),
        ("mode", "side", "Mode is 'side'; it must be one of top, both."),
        ("size", 65, "Size is 65; it must be one of 0, 64."),
        ("note", 5, "Note is 5; it must be text."),
        ("trays", [], f"Trays is empty; {TRAYS}"),
        ("trays", [1, 2, 3, 4], f"Trays is 1, 2, 3, 4; {TRAYS}"),
        ("trays", [1, 10], f"Trays is 10; {TRAYS}"),
        ("trays", [math.nan], f"Trays is not a number (NaN); {TRAYS}"),
        ("trays", 4, f"Trays is 4; {TRAYS}"),
    ],
)  # fmt: skip
def test_a_wrong_value_gives_the_value_the_limit_and_the_remedy(field, value, sentence):
    assert problems({field: value}) == {field: sentence}


def test_all_problems_come_at_once_in_one_error():
    found = problems({"heat": 0, "turns": "many", "mode": "side", "smoke": 1}, path="oven")
    assert set(found) == {"oven.heat", "oven.turns", "oven.mode", "oven.smoke"}


def test_the_error_text_joins_the_sentences():
    error = SettingsError([Problem("a", "One."), Problem("b", "Two.")])
    assert str(error) == "One. Two."
    assert error.problems == (Problem("a", "One."), Problem("b", "Two."))


def test_an_unknown_name_lists_the_known_ones():
    message = problems({"smoke": 1}, path="oven")["oven.smoke"]
    assert message == (
        "'oven' has no setting 'smoke'; its settings are: heat, dose, turns, least, free, fan, mode, size, note, trays."
    )


@pytest.mark.parametrize("data", [None, 5, "text", [1, 2], math.nan])
def test_something_that_is_no_object_is_refused(data):
    assert "must be an object with settings by name." in problems(data, path="oven")["oven"]


def test_long_values_are_cut_in_the_sentence():
    assert len(problems({"heat": "x" * 10_000})["heat"]) < 200
    assert len(problems({"turns": 10**400})["turns"]) < 200


def test_true_is_not_a_number():
    assert "Turns is True" in problems({"turns": True})["turns"]
    assert "Heat is True" in problems({"heat": True})["heat"]


def test_numbers_written_as_text_are_taken():
    assert parse(Oven, {"turns": "5", "heat": "200.5"}) == Oven(turns=5, heat=200.5)


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        Oven().heat = 5


@given(
    st.builds(
        Oven,
        heat=st.floats(20, 300),
        dose=st.floats(0, 1, exclude_min=True),
        turns=st.integers(1, 1_000_000),
        fan=st.booleans(),
        mode=st.sampled_from(["top", "both"]),
        size=st.sampled_from([0, 64]),
        note=st.text(st.characters(exclude_categories=["Cs"])),
        trays=st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
    )
)
def test_json_gives_the_same_settings_back(oven):
    assert parse(Oven, json.loads(oven.model_dump_json())) == oven


@given(
    st.dictionaries(
        st.text(), st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())
    )
)
def test_any_object_is_taken_or_refused_with_sentences(data):
    try:
        parse(Oven, data, "oven")
    except SettingsError as error:
        assert all(problem.message.endswith(".") for problem in error.problems)


def test_an_exclusive_upper_bound_is_a_programming_error():
    class Wrong(Settings):
        share: float = Field(0.5, lt=1)

    with pytest.raises(TypeError, match="use le instead of lt"):
        fields_of(Wrong)


def test_a_union_is_a_programming_error():
    class Wrong(Settings):
        share: float | None = setting(None, "Share", "Some.")

    with pytest.raises(TypeError, match="one plain type"):
        fields_of(Wrong)
