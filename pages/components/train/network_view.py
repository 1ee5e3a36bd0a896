"""What a network is: its layers from left to right, with the shape of what flows through, weights and work."""

from __future__ import annotations

import json
import math
from html import escape
from typing import Any

import streamlit as st

from core.run_config import RunConfig
from core.runs.store import Run
from pages.components.shell.number_words import count
from pages.components.shell.tables import html_table, table_row
from pages.components.train.core_process import ask_core

TALLEST, WIDEST = 92, 44  # pixels of a block
COLOURS = {"Conv2d": 0, "Linear": 1}  # kind of layer -> colour of the charts; all others are quiet


def draw_network_of(run: Run) -> None:
    """The network of a run, folded. Nothing if the run has not described it."""
    try:
        described = json.loads(run.network.read_text(encoding="utf-8"))
        drawn = network(described)
    except (OSError, ValueError, KeyError, TypeError):
        return
    with st.expander("The network"):
        st.html(drawn)


def draw_network_before_start(config: RunConfig | None) -> None:
    """The network that the form describes; it is looked at when someone opens it."""
    with st.expander("The network", key="fold the network", on_change="rerun") as fold:
        if not fold.open:
            return
        if config is None:
            st.caption("Correct the form first.")
            return
        info = config.dataset.info()
        with st.spinner("Looking at its layers ..."):
            described, problem = describe(config)
        if described:
            st.html(network(described))
            st.caption(f"For pictures of {config.dataset.title()}: {' x '.join(map(str, info.shape))} numbers each.")
        else:
            st.caption(problem)


def describe(config: RunConfig) -> tuple[dict[str, Any] | None, str]:
    """The layers of a config's network, asked of a process of its own, as torch is not loaded here: or else a sentence."""
    return _described(config.architecture.model_dump_json(), config.dataset.model_dump_json(), config.model_dump_json())


@st.cache_data(max_entries=64, show_spinner=False)
def _described(architecture: str, dataset: str, _config: str) -> tuple[dict[str, Any] | None, str]:
    """Once for an architecture and a dataset."""
    answer = ask_core("describe", _config)
    if answer is None:
        return None, "The layers of this network could not be listed; train it to see them."
    return (None, str(answer["error"])) if "error" in answer else (answer, "")


def network(described: dict[str, Any]) -> str:
    """HTML: a drawing of blocks, a line of sums, and a table of every layer."""
    layers = described["layers"]
    weights, work = sum(layer["parameters"] for layer in layers), sum(layer["multiply_adds"] for layer in layers)
    frozen = sum(layer["parameters"] for layer in layers if not layer["trains"])
    sums = f"{count(weights, 'weight')}, {large(work)} multiply-adds for a picture"
    sums += f"; {frozen:,} of the weights are frozen" if frozen else ""
    return f'<p class="quiet">{sums}.</p>{_drawing(described["input"], layers)}{_table(layers)}'


def large(number: int) -> str:
    """198_800 -> "198,800", 3_870_000 -> "3.9 million"."""
    if number < 1e6:
        return f"{number:,}"
    return f"{number / 1e6:.1f} million" if number < 1e9 else f"{number / 1e9:.2f} billion"


def _drawing(shape: list[int], layers: list[dict[str, Any]]) -> str:
    """Blocks side by side: as tall as the picture inside is high, as wide as it has channels; what has weights stands out."""
    shown = [layer for layer in layers if layer["parameters"] and layer["multiply_adds"]]
    if len(shown) > 24:  # of a deep network the blocks where the shape changes
        shown = [
            layer for place, layer in enumerate(shown) if place == 0 or layer["shape"] != shown[place - 1]["shape"]
        ]
    tallest = max([shape[-1], *(layer["shape"][-1] for layer in layers if len(layer["shape"]) == 3)])
    blocks = [_block("picture", shape, tallest, "input")]
    blocks += [_block(layer["words"], layer["shape"], tallest, layer["kind"], layer["trains"]) for layer in shown]
    return f'<div class="frame"><div class="network" role="list">{"".join(blocks)}</div></div>'


def _block(words: str, shape: list[int], tallest: int, kind: str, trains: bool = True) -> str:
    if len(shape) == 3:
        height, width = TALLEST * (0.25 + 0.75 * shape[1] / tallest), 6 + WIDEST * math.log2(1 + shape[0]) / 10
    else:
        height, width = TALLEST * min(1.0, 0.2 + math.log2(1 + shape[0]) / 10), 10
    group = {"Conv2d": "convolution", "Linear": "linear"}.get(kind, "other")
    frozen = "" if trains else " frozen"
    size = " x ".join(f"{side:,}" for side in shape)
    note = "" if trains else "<small>frozen</small>"
    return (
        f'<div class="block {group}{frozen}" role="listitem"><i style="height:{height:.0f}px;width:{width:.0f}px"></i>'
        f"<b>{size}</b><span>{escape(words)}</span>{note}</div>"
    )


def _table(layers: list[dict[str, Any]]) -> str:
    rows = (
        table_row(
            escape(layer["words"]),
            (
                " x ".join(f"{side:,}" for side in layer["shape"]),
                f"{layer['parameters']:,}",
                f"{layer['multiply_adds']:,}",
                "" if layer["trains"] else "frozen",
            ),
        )
        for layer in layers
    )
    head = ("Layer", "What comes out", "Weights", "Multiply-adds", "")
    return f"<details><summary>Every layer</summary>{html_table(head, rows)}</details>"
