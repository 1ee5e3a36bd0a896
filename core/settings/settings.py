"""Typed settings: one class is the form, the validation, the JSON and the builder of a part of a run."""

from __future__ import annotations

import inspect
import math
import re
import sys
import types
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from core.errors import TrainDeskError

# A field, then its string.
HELP = re.compile(r'^    (\w+): .*\n(?:(?:     .*|    [)\]}].*)\n)*?    """((?:.|\n)*?)"""', re.MULTILINE)


class Settings(BaseModel):
    """Base of every settings class: frozen, finite numbers only, unknown names refused. A field's help is the string under it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)
    renamed: ClassVar[dict[str, str]] = {}  # names of earlier releases -> names of fields; both are read

    @model_validator(mode="before")
    @classmethod
    def _of_earlier_releases(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not cls.renamed.keys() & data.keys():
            return data
        return {cls.renamed.get(name, name): value for name, value in data.items()}

    @field_validator("*", mode="before")
    @classmethod
    def _on_is_not_one(cls, value: Any, info: ValidationInfo) -> Any:
        """pydantic would take true for 1."""
        if isinstance(value, bool) and cls.model_fields[info.field_name or ""].annotation in (int, float):
            raise PydanticCustomError("number_type", "not a number")
        return value


def setting(
    default: Any,
    title: str,
    help: str | None = None,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    unit: str = "",
    labels: dict[Any, str] | None = None,
    **constraints: Any,
) -> Any:
    """A settings field: its default and all that a form shows. Its help is the string that follows it in the class,
    or given here; `labels` name the choices of a Literal, or those that a form offers for a text, in plain words."""
    extra: Any = {"unit": unit, "labels": labels or {}}
    return Field(default, title=title, description=help, ge=ge, gt=gt, le=le, json_schema_extra=extra, **constraints)


@dataclass(frozen=True)
class Problem:
    """One wrong value: where it is (dotted path such as `optimizer.learning_rate`) and one sentence."""

    path: str
    message: str


class SettingsError(TrainDeskError):
    """All problems of a config at once; its text joins their sentences."""

    def __init__(self, problems: list[Problem]):
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.message for problem in problems))


@dataclass(frozen=True)
class FieldSpec:
    """What a form and an error text need to know of one field."""

    name: str
    title: str
    help: str
    unit: str
    default: Any
    kind: Literal["boolean", "integer", "number", "choice", "text", "integers"]
    low: float | None = None
    high: float | None = None
    above: float | None = None  # exclusive lower bound
    choices: dict[Any, str] = field(default_factory=dict)  # value -> label
    entries: tuple[int, int] = (0, 0)  # fewest and most numbers of a list

    def allowed(self) -> str:
        """The values this field takes, in words that complete "it must be ..."."""
        if self.kind == "boolean":
            return "on or off (true or false)"
        if self.kind == "choice":
            return "one of " + ", ".join(str(value) for value in self.choices)
        if self.kind == "text":
            return "text"
        noun = {
            "integer": "a whole number",
            "number": "a number",
            "integers": f"{self.entries[0]} to {self.entries[1]} whole numbers separated by commas, each",
        }[self.kind]
        unit = f" {self.unit}" if self.unit else ""
        if self.above is not None and self.high is not None:
            return f"{noun} above {_plain(self.above)}, at most {_plain(self.high)}{unit}"
        if self.low is not None and self.high is not None:
            return f"{noun} from {_plain(self.low)} to {_plain(self.high)}{unit}"
        if self.low is not None:
            return f"{noun} of at least {_plain(self.low)}{unit}"
        return noun


def fields_of(settings_class: type[Settings]) -> list[FieldSpec]:
    """The fields of a settings class in order, without the registry's `name` and what is marked `hidden`: no one sets that."""
    helps = _helps(settings_class)
    return [
        _spec(name, info, info.description or helps.get(name, ""))
        for name, info in settings_class.model_fields.items()
        if name != "name" and not _extra(info).get("hidden")
    ]


def parse(settings_class: type[Settings], data: Any, path: str = "") -> Settings:
    """An instance made from plain data. Raises SettingsError with every problem, paths prefixed with `path`."""
    if not isinstance(data, dict):
        owner = f"The setting '{path}'" if path else "The config"
        raise SettingsError([Problem(path, f"{owner} is {_shown(data)}; it must be an object with settings by name.")])
    try:
        return settings_class.model_validate(data)
    except ValidationError as error:
        problems = [_problem(settings_class, details, path) for details in error.errors(include_url=False)]
        raise SettingsError(list({problem.path: problem for problem in problems}.values())) from None


def _problem(settings_class: type[Settings], details: Any, path: str) -> Problem:
    name = str(details["loc"][0]) if details["loc"] else ""
    full_path = ".".join(part for part in (path, name) if part)
    specs = {spec.name: spec for spec in fields_of(settings_class)}
    if details["type"] == "extra_forbidden":
        known = ", ".join(specs) or "none"
        owner = f"'{path}'" if path else "A config"
        return Problem(full_path, f"{owner} has no setting '{name}'; its settings are: {known}.")
    spec = specs.get(name)
    if spec is None or details["type"] == "value_error":
        text = details["msg"].removeprefix("Value error, ")
        return Problem(full_path, text if text.endswith(".") else text + ".")
    return Problem(full_path, f"{spec.title} is {_shown(details['input'])}; it must be {spec.allowed()}.")


@cache
def _helps(settings_class: type) -> dict[str, str]:
    """The strings under the fields of a class and its bases, by name. They are read when first asked for: pydantic would do so
    whenever a class is imported, which then takes a third longer. Without `ast`: in Python 3.11 two threads that parse at the
    same time, as an import of torch does too, can make each other fail (SystemError: AST constructor recursion depth mismatch).
    """
    if settings_class is Settings:
        return {}
    source = inspect.getsource(sys.modules[settings_class.__module__])
    begun = re.split(rf"^class {settings_class.__name__}\b.*\n", source, maxsplit=1, flags=re.MULTILINE)[-1]
    body = re.split(r"^\S", begun, maxsplit=1, flags=re.MULTILINE)[0]
    own = {name: " ".join(line.strip() for line in text.splitlines()) for name, text in HELP.findall(body)}
    return _helps(settings_class.__mro__[1]) | own


def _spec(name: str, info: Any, help: str) -> FieldSpec:
    extra = _extra(info)
    bounds = _bounds(info.metadata)
    if any(isinstance(constraint, Lt) for constraint in info.metadata):
        raise TypeError(f"field '{name}': use le instead of lt, forms show inclusive upper bounds")
    fewest = next((constraint.min_length for constraint in info.metadata if isinstance(constraint, MinLen)), 0)
    most = next((constraint.max_length for constraint in info.metadata if isinstance(constraint, MaxLen)), 0)
    annotation = info.annotation
    if get_origin(annotation) in (Union, types.UnionType):
        raise TypeError(f"field '{name}': settings take one plain type, not {annotation}")
    choices: dict[Any, str] = {}
    if get_origin(annotation) is Literal:
        kind = "choice"
        choices = {value: extra["labels"].get(value, str(value)) for value in get_args(annotation)}
    elif get_origin(annotation) is tuple:
        kind = "integers"
        items = getattr(get_args(annotation)[0], "__metadata__", ())
        bounds |= _bounds(constraint for item in items for constraint in getattr(item, "metadata", [item]))
    else:
        kind = {bool: "boolean", int: "integer", float: "number", str: "text"}[annotation]
        choices = dict(extra.get("labels", {})) if kind == "text" else {}
    return FieldSpec(
        name=name,
        title=info.title or name,
        help=help,
        unit=extra.get("unit", ""),
        default=info.default,
        kind=kind,  # type: ignore[arg-type]
        choices=choices,
        entries=(fewest, most),
        **bounds,
    )


def _extra(info: Any) -> dict[str, Any]:
    """What `setting` adds to a field."""
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def _bounds(constraints: Iterable[Any]) -> dict[str, Any]:
    """What these constraints say of one number, in the words of FieldSpec."""
    kinds = {Ge: ("low", "ge"), Gt: ("above", "gt"), Le: ("high", "le")}
    found = [(*kinds[type(constraint)], constraint) for constraint in constraints if type(constraint) in kinds]
    return {bound: getattr(constraint, value) for bound, value, constraint in found}


def _shown(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "not a number (NaN)" if math.isnan(value) else "infinite"
    if isinstance(value, str):
        return f"'{' '.join(value.split())[:60]}'"
    if isinstance(value, tuple | list):
        return ", ".join(_shown(item) if isinstance(item, float) else str(item) for item in value)[:60] or "empty"
    return str(value)[:60]


def _plain(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:g}"
