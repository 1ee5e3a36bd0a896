"""Layers of the form's network added, taken away, widened and narrowed by buttons beside its drawing."""

from __future__ import annotations

import streamlit as st

from core.run_config import RunConfig
from core.settings.settings import FieldSpec, SettingsError, fields_of
from pages.components.shell.form_values import key_of, put, to_widget


def draw_layer_buttons(config: RunConfig) -> None:
    """A row for each list of layers that the network has; nothing for one whose layers are fixed."""
    for spec in fields_of(type(config.architecture)):
        if spec.kind == "integers":
            _draw_row(config, spec, list(config.value_at(f"architecture.{spec.name}")))


def _draw_row(config: RunConfig, spec: FieldSpec, sizes: list[int]) -> None:
    first = sizes[-1] if sizes else spec.default[-1] if spec.default else 64
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"layers {spec.name}"):
        st.markdown(f"{spec.title}", width=130)
        for place, size in enumerate(sizes):
            before, after = sizes[:place], sizes[place + 1 :]
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
                _button(config, spec, "−", f"Half of layer {place + 1}", [*before, size // 2, *after])
                st.markdown(f"**{size:,}**", width="content")
                _button(config, spec, "+", f"Double layer {place + 1}", [*before, size * 2, *after])
        _button(config, spec, "Add a layer", "One more at the end", [*sizes, first])
        if sizes:
            _button(config, spec, "Take the last away", f"Without layer {len(sizes)}", sizes[:-1])


def _button(config: RunConfig, spec: FieldSpec, label: str, tip: str, sizes: list[int]) -> None:
    """Puts these sizes into the form's field; where that would be wrong, its tip says why it cannot be pressed."""
    path, why = f"architecture.{spec.name}", ""
    try:
        config.with_changes({path: sizes})
    except SettingsError as error:
        why = error.problems[0].message
    st.button(
        label,
        key=f"layers {spec.name} {tip}",
        help=why or tip,
        disabled=bool(why),
        type="tertiary" if label in "−+" else "secondary",
        on_click=put,
        args=(key_of(path, config.chosen()), to_widget(spec, sizes)),
    )
