"""What was typed into the form stays in the browser, of each dashboard and person by itself. After a reload, a crash or another
day it is offered back; it never takes the place of what a link or a click has filled the form with."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from core.analysis.compare import differences
from core.errors import TrainDeskError
from core.paths import runs_folder
from core.recipes import RECIPES
from core.run_config import GROUPS, PARTS, fields
from core.runs.store import Run
from core.settings.settings import FieldSpec, fields_of
from pages.components.shell.form_values import check, current, data_of, fill_values, to_widget, values_of
from pages.components.shell.histories import summaries
from pages.components.shell.links import TRAIN, form_page, show
from pages.components.shell.number_words import count, moment, plain_markdown
from pages.components.shell.rights import demo_owner
from pages.components.shell.setting_words import in_short, read_config
from pages.components.shell.widgets import made_component
from pages.components.train.filled_form import NAMED, Origin, in_words, origin, set_origin, source
from pages.components.train.sweep_form import (
    GIVEN,
    METHOD,
    METHODS,
    NAME,
    SAMPLES,
    SEEDS,
    SETTINGS,
    put_sweep,
    sweep_values,
)

OFFERED, SETTLED = "form left in the browser", "form asked for"  # what is offered, and that nothing more will be
KINDS = ("recipe", "from", "experiment", "dataset")  # of what a form is filled from
LONGEST, LONGEST_TEXT, LONGEST_TITLE, LONGEST_NAME = 100_000, 2_000, 80, 60  # letters of a kept form, and of one value
LOOKED_AT = 20  # newest runs: what was started is not offered
LARGEST = 2**53 - 1  # whole number that a browser can show

_component = made_component(
    "kept_form", "<span hidden></span>", None, Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


class Kept(NamedTuple):
    """A form as it was left: values of the form and of the fold of several values, and what it had been filled from."""

    values: dict[str, Any]
    sweep: dict[str, Any]
    origin: Origin


def draw_kept_form() -> None:
    """Hands the form to the browser, which keeps it, and offers what it has kept. Before the form's widgets are drawn."""
    state, now = st.session_state, Kept(current(), sweep_values(), origin())
    is_typed = data_of(now.values) != _untouched(now) or bool(now.sweep) and now.origin.kind != "experiment"
    place = hashlib.sha256(f"{runs_folder().resolve()} {demo_owner()}".encode()).hexdigest()[:16]
    with st.container(key="keeper"):  # style.css: nothing to be seen
        told = _component(
            key="kept form",
            data={
                "place": place,
                "form": json.dumps(now) if is_typed else "",
                "forget": state.get(SETTLED) == "forget",
            },
            default={"left": None},
            on_left_change=lambda: None,
        )
    if told.left and not state.get(SETTLED):
        state[OFFERED] = told.left
    if told.left or is_typed:
        state.setdefault(SETTLED, "asked")
    if OFFERED in state:
        _offer(state[OFFERED], now)


def _untouched(now: Kept) -> dict[str, Any] | None:
    """What the form would hold if its address were opened anew; None where that cannot be known, or would be another thing."""
    kind, name = now.origin
    if kind in ("recipe", "from"):
        with contextlib.suppress(TrainDeskError):  # it was deleted meanwhile
            return data_of(values_of(source(kind, name)[1]))
    return data_of(values_of(RECIPES[0].config())) if not kind else None


def _offer(left: Any, now: Kept) -> None:
    """One line with two buttons, unless what was left is no form, or the one that is shown, or was started meanwhile."""
    kept = read_form(left.get("form")) if isinstance(left, dict) else None
    seconds = left.get("seconds") if kept else None
    if kept is None or (data_of(kept.values), kept.sweep) == (data_of(now.values), now.sweep) or _was_started(kept):
        return
    when = f" {moment(time.time() - seconds)}" if isinstance(seconds, int | float) and 0 <= seconds < 1e9 else ""
    with st.container(horizontal=True, vertical_alignment="center", key="kept-offer"):
        st.markdown(f":material/history: What you typed here{when}: {_said(kept)}", width="content")
        st.button("Bring it back", key="bring the form back", on_click=_bring_back, args=(kept,))
        st.button("Forget it", key="forget the form", type="tertiary", on_click=_settle, args=("forget",))


def _said(kept: Kept) -> str:
    """Markdown: what a kept form holds, and what in it was changed."""
    config, problems = check(kept.values)
    title = str(kept.values.get("title", "")).strip()
    if config is None:
        return f"**{plain_markdown(title or 'a training')}**, with {count(len(problems), 'value')} to correct"
    said = [f"**{plain_markdown(title or in_short(config))}**"]
    if kept.origin.kind in ("recipe", "from"):
        with contextlib.suppress(TrainDeskError):
            said += [plain_markdown(in_words(each)) for each in differences([source(*kept.origin)[1], config])[:NAMED]]
    if kept.sweep:
        said.append("several values")
    return ", ".join(said)


def _was_started(kept: Kept) -> bool:
    config, _ = check(kept.values)
    newest = summaries()[:LOOKED_AT]
    if kept.sweep:
        return kept.sweep.get(NAME) in {run.experiment for run in newest}
    return config is not None and any(read_config(Run(runs_folder() / run.id))[0] == config for run in newest)


def _bring_back(kept: Kept) -> None:
    fill_values(kept.values)
    put_sweep(kept.sweep)
    set_origin(kept.origin)
    kind, name = kept.origin
    show(form_page(kind, name) if kind in ("recipe", "from", "experiment") else TRAIN)
    _settle("back")


def _settle(how: str) -> None:
    st.session_state.pop(OFFERED, None)
    st.session_state[SETTLED] = how


def read_form(text: Any) -> Kept | None:
    """A form as the browser gives it back, without what this version does not know; None where it is none."""
    try:
        values, sweep, (kind, name) = json.loads(text if isinstance(text, str) and len(text) <= LONGEST else "")
        is_form = all(isinstance(each, kind) for each, kind in ((values, dict), (sweep, dict), (name, str)))
        chosen = {part: PARTS[part].get(values[part]).model_fields["name"].default for part in PARTS} if is_form else {}
    except (ValueError, TypeError, LookupError, RecursionError, TrainDeskError):
        return None
    if not chosen:
        return None
    known = {f"{group}.{spec.name}": spec for group in GROUPS for spec in fields_of(GROUPS[group])}
    for part, registry in PARTS.items():
        for choice in registry.names():
            known |= {f"{part}.{choice}.{spec.name}": spec for spec in fields_of(registry.get(choice))}
    found = {key: value for key, value in values.items() if key in known and _fits(known[key], value)}
    found |= {key: values[key][:LONGEST_TITLE] for key in ("title", "recipe") if isinstance(values.get(key), str)}
    where = Origin(kind, name[:LONGEST_TEXT]) if kind in KINDS else Origin()
    return Kept(found | chosen, _sweep(sweep, fields(chosen)), where)


def _fits(spec: FieldSpec, value: Any) -> bool:
    """Whether the widget of a setting can show the value, right or wrong."""
    if isinstance(value, bool) or spec.kind == "boolean":
        return isinstance(value, bool) and spec.kind == "boolean"
    if spec.kind == "integer":
        return value is None or _is_whole(value)
    is_offered = bool(spec.choices) and any(value is each or value == each for each in spec.choices)
    return (
        is_offered
        or isinstance(value, str)
        and isinstance(to_widget(spec, spec.default), str)
        and len(value) <= LONGEST_TEXT
    )


def _is_whole(value: Any) -> bool:
    return type(value) is int and abs(value) <= LARGEST


def _sweep(given: dict[str, Any], specs: dict[str, FieldSpec]) -> dict[str, Any]:
    """What of the fold of several values can be shown for a form that has these settings."""
    paths = given.get(SETTINGS)
    paths = [path for path in paths if isinstance(path, str) and path in specs] if isinstance(paths, list) else []
    found: dict[str, Any] = {SETTINGS: paths}
    for path in paths:
        key, labels = f"sweep {path}", {False: "", True: ""} if specs[path].kind == "boolean" else specs[path].choices
        if labels and isinstance(chosen := given.get(key), list):
            found[key] = [value for value in chosen if isinstance(value, str | int) and value in labels]
        elif not labels and isinstance(text := given.get(key), str):
            found[key] = text[:LONGEST_TEXT]
    found |= {key: given[key] for key in (SEEDS, SAMPLES) if _is_whole(given.get(key))}
    found |= {key: given[key][:LONGEST_NAME] for key in (NAME, GIVEN) if isinstance(given.get(key), str)}
    method = given.get(METHOD)
    found |= {METHOD: method} if isinstance(method, str) and method in METHODS else {}
    return found if paths or found.get(SEEDS, 1) != 1 else {}
