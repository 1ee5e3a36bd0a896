"""The training form, generated from the settings classes: nothing here knows any one dataset, architecture or optimizer.

Where a setting stands is said in `SECTIONS`; what is not named there is drawn too: last, and folded."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import streamlit as st

from core.paths import data_folder
from core.run_config import GROUPS, PARTS
from core.runs.before_start import problems_before_start
from core.settings.settings import FieldSpec, fields_of
from pages.components.shell.form_values import LASTS, check, current, seed, to_widget
from pages.components.shell.number_words import count, plain_markdown, rows_of
from pages.components.shell.widgets import lazy_fold
from pages.components.train.form_choices import choices_of, devices_in_words, free_now, offered, problem_of_count
from pages.components.train.notices import dataset_notice, weights_in_short, weights_notice
from pages.components.train.schedule_view import draw_schedule

COLUMNS = 4  # of the groups
NAMED = 5  # changed settings that a fold names; of more it gives the number
FIRST = ("dataset", "architecture", "optimizer", "training")  # the others follow in their order
A_ROW = 3
OFTEN_USED = ("epochs", "batch_size", "device", "epoch_seconds")  # of the training settings, in this order
SECTIONS: dict[str, dict[str, tuple[str, ...]]] = {  # group -> heading -> settings, a row each
    "training": {
        "Judging and stopping": (
            "validation_share",
            "validate_every",
            "best_by",
            "views",
            "patience",
            "prune",
            "keep_every",
        ),
        "Steps": ("training_pictures", "balance", "gradient_clip", "average_decay", "seed"),
        "Computing": ("devices", "precision", "repeatable", "evaluation_batch_size", "compile", "tensorboard"),
        "Beginning": ("start_from", "own_pictures"),
    },
    "augmentation": {
        "Place": ("flip", "alternate", "crop", "shift", "rotation"),
        "Form": ("scale", "stretch", "shear"),
        "Light": ("brightness", "contrast", "gamma"),
        "Covering and blending": ("cutout", "mixup"),
    },
}
OTHERS = "Others"


def draw_title() -> None:
    """The name of the run, above everything else of it."""
    current()
    st.text_input(
        "Title of this run",
        key=seed("title", ""),
        max_chars=80,
        placeholder="a name to find this run by",
        live=True,
        label_visibility="collapsed",
        persist_state=LASTS,
    )


def draw_form() -> tuple[Any, dict[str, str]]:
    """Draws all settings. Returns the config, or None and the sentence of each wrong value by its path."""
    values = current()
    config, problems = check(values)
    if config:
        problems |= {each.path: each.message for each in problems_before_start(config, data_folder())}
        if sentence := problem_of_count(config):
            problems["training.devices"] = sentence
    shown: set[str] = set()
    for row in form_rows():
        for column, owner in zip(st.columns(len(row), gap="small"), row, strict=True):
            with column, st.container(border=True, height="stretch", gap="xsmall"):
                if owner in PARTS:
                    _part(owner, config, problems, shown)
                else:
                    _fields(often_used(fields_of(GROUPS[owner])), owner, owner, problems, shown)
    _folded("More training settings", "training", values, problems, shown)
    for group in GROUPS:
        if group != "training":
            _folded(group.capitalize(), group, values, problems, shown)
    for path, sentence in problems.items():  # a problem that belongs to no field on the page
        if path not in shown:
            st.html(f'<p class="problem" role="alert">{escape(sentence)}</p>')
    return (None if problems else config), problems


def _part(part: str, config: Any, problems: dict[str, str], shown: set[str]) -> None:
    """A selector (which dataset, which optimizer ...) and the settings of what it selects."""
    registry = PARTS[part]
    labels = {name: settings_class.label for name, settings_class in registry.items()}
    name = st.selectbox(
        part.capitalize(),
        registry.names(),
        key=seed(part, PARTS[part].default),
        persist_state=LASTS,
        format_func=lambda name: labels.get(name, name),
        help="\n\n".join(
            f"**{labels[key]}**: {plain_markdown(_first_paragraph(of))}{weights_in_short(of)}"
            for key, of in registry.items()
        ),
    )
    settings_class = registry.get(name)
    if part == "dataset":
        shown.add("dataset")  # what is odd about its pictures is said in the notice
        chosen = config if config and config.dataset.name == name else None
        dataset_notice(chosen.dataset if chosen else settings_class(), chosen)
    if part == "architecture":
        weights_notice(config.architecture if config and config.architecture.name == name else settings_class())
    _fields(fields_of(settings_class), part, f"{part}.{name}", problems, shown)
    if part == "schedule":
        draw_schedule(config)


def _folded(label: str, group: str, values: dict[str, Any], problems: dict[str, str], shown: set[str]) -> None:
    """A group's settings behind a click, opened by themselves when one of them is wrong."""
    parts = sections(group, offered(group, fields_of(GROUPS[group]), values))
    specs = [spec for _, members in parts for spec in members]
    wrong = sum(f"{group}.{spec.name}" in problems for spec in specs)
    said = f"{count(wrong, 'value')} to correct" if wrong else _changed(group, specs, values)
    with st.container(key=f"folded {group}", gap=None):
        fold = lazy_fold(label, f"fold {label}", opens=wrong)
        if said:
            st.html(f'<p class="changed">{escape(said)}</p>')
    if not fold.open:
        return
    with fold:
        if group != "training":
            st.caption(_first_paragraph(GROUPS[group]))
        for heading, members in parts:
            st.html(f'<h2 class="section">{escape(heading)}</h2>')
            _fields(members, group, group, problems, shown, COLUMNS)


def _changed(group: str, specs: list[FieldSpec], values: dict[str, Any]) -> str:
    """Which settings behind a fold are not at their defaults: nothing that counts should be out of sight unsaid."""
    standard = {spec.name: to_widget(spec, spec.default) for spec in specs}
    changed = [
        spec.title for spec in specs if values.get(f"{group}.{spec.name}", standard[spec.name]) != standard[spec.name]
    ]
    return ", ".join(changed) if len(changed) <= NAMED else f"{len(changed)} changed"


def _fields(
    specs: list[FieldSpec], owner: str, prefix: str, problems: dict[str, str], shown: set[str], columns: int = 2
) -> None:
    """Widgets in rows; each row is its own set of columns, so that a phone stacks them in reading order."""
    for row in rows_of(specs, columns):
        for column, spec in zip(st.columns(1 if len(specs) == 1 else columns), row, strict=False):
            path = f"{owner}.{spec.name}"
            shown.add(path)
            with column:
                _widget(spec, f"{prefix}.{spec.name}", choices_of(spec, path))
                if path == "training.device":
                    st.caption(free_now())
                if path == "training.devices" and (words := devices_in_words()):
                    st.caption(words)
                if path in problems:
                    st.html(f'<p class="problem" role="alert">{escape(problems[path])}</p>')


def _widget(spec: FieldSpec, key: str, choices: dict[Any, str]) -> None:
    """No bounds are given to the widgets: the browser would clamp or hide a wrong value instead of letting it be explained."""
    label = f"{spec.title} ({spec.unit})" if spec.unit and not choices else spec.title
    tip = spec.help if choices or spec.kind in ("boolean", "text") else f"{spec.help} Allowed: {spec.allowed()}."
    tip = plain_markdown(tip)
    widget = seed(key, to_widget(spec, spec.default))
    if choices:
        if (value := st.session_state[widget]) not in choices:  # a run from another computer, for example
            choices = {**choices, value: str(value) if spec.choices else f"{value} (not available here)"}
        st.selectbox(
            label,
            list(choices),
            key=widget,
            format_func=lambda value: choices.get(value, str(value)),
            help=tip,
            persist_state=LASTS,
        )
    elif spec.kind == "boolean":
        st.space("small")
        st.toggle(label, key=widget, help=tip, persist_state=LASTS)
    elif spec.kind == "integer":
        st.number_input(label, value=None, step=1, format="%d", key=widget, help=tip, persist_state=LASTS)
    else:
        can_be_empty = spec.kind == "text" or (spec.kind == "integers" and not spec.entries[0])
        hint = "none" if can_be_empty else None
        st.text_input(label, key=widget, help=tip, live=True, placeholder=hint, persist_state=LASTS)


def _first_paragraph(settings_class: type) -> str:
    return " ".join((settings_class.__doc__ or "").strip().split("\n\n")[0].split())


def form_rows() -> Iterator[list[str]]:
    """The parts of a run, and how it trains, row by row."""
    owners = [*FIRST, *(part for part in PARTS if part not in FIRST)]
    return (list(row) for row in rows_of(owners, A_ROW))


def often_used(specs: list[FieldSpec]) -> list[FieldSpec]:
    """Those of `OFTEN_USED`, in its order."""
    by_name = {spec.name: spec for spec in specs}
    return [by_name[name] for name in OFTEN_USED if name in by_name]


def sections(group: str, specs: list[FieldSpec]) -> list[tuple[str, list[FieldSpec]]]:
    """A group's settings under their headings, those of `OFTEN_USED` left out."""
    left = {spec.name: spec for spec in specs if not (group == "training" and spec.name in OFTEN_USED)}
    found = []
    for heading, names in SECTIONS.get(group, {}).items():
        found.append((heading, [left.pop(name) for name in names if name in left]))
    found.append((OTHERS, list(left.values())))
    return [(heading, members) for heading, members in found if members]
