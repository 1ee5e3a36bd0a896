"""What a network is: its layers from left to right, with the shape of what flows through, weights and work; and what it sees."""

from __future__ import annotations

import math
from html import escape
from typing import Any

import streamlit as st

from core.files import read_json
from core.machine.questions import temporary_folder
from core.paths import data_folder
from core.run_config import RunConfig
from core.runs.store import Run
from core.text.numbers import large as large
from pages.components.shell.html_parts import data_address, html_table, table_row
from pages.components.shell.messages import show_error
from pages.components.shell.number_words import count
from pages.components.shell.widgets import lazy_fold
from pages.components.train.core_process import ask_core
from pages.components.train.layer_buttons import draw_layer_buttons

TALLEST, WIDEST = 92, 44  # pixels of a block


def draw_network_of(run: Run) -> None:
    """The network of a run, folded. Nothing if the run has not described it."""
    try:
        drawn = network(read_json(run.network))
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):  # not what a worker wrote
        return
    with st.expander("The network"):
        st.html(drawn)


def draw_before_start(config: RunConfig | None) -> None:
    """What the form describes, in two folds: its pictures and its network. They are looked at when someone opens one."""
    for label, draw in (("What the pictures will look like", _draw_pictures), ("The network", _draw_network)):
        with lazy_fold(label, f"fold {label}") as fold:
            if fold.open and config:
                draw(config)
            elif fold.open:
                st.caption("Correct the form first.")


def _draw_network(config: RunConfig) -> None:
    draw_layer_buttons(config)
    with st.spinner("Looking at its layers ..."):
        described, problem = describe(config)
    if described:
        shape = " x ".join(map(str, config.dataset.info().shape))
        st.html(network(described))
        st.caption(f"For pictures of {config.dataset.title()}: {shape} numbers each.")
    else:
        st.caption(problem)


def _draw_pictures(config: RunConfig) -> None:
    if not config.dataset.is_present(data_folder()):
        st.caption("The pictures are not here yet; they are downloaded when the training starts.")
        return
    with st.spinner("Changing some pictures ..."):
        parts = config.dataset, config.augmentation, config
        address, problem = _sheet(*(part.model_dump_json() for part in parts))
    if problem:
        show_error(problem)
        return
    st.html(
        f'<div class="frame" tabindex="0"><img class="preview" src="{address}" alt="Training pictures and their changes"></div>'
    )
    changes = config.augmentation.is_on() or config.augmentation.mixes()
    st.caption(
        "On the left pictures as they are, beside each how augmentation changes it: anew in every epoch."
        if changes
        else "The network sees these pictures unchanged in every epoch; the settings under Augmentation change that."
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _sheet(dataset: str, augmentation: str, _config: str) -> tuple[str, str]:
    """A data address of the picture, or why there is none. Made once for a dataset and an augmentation."""
    with temporary_folder() as folder:
        file = folder / "sheet.png"
        answer = ask_core("preview", _config, "--data", str(data_folder()), "--out", str(file)) or {
            "error": "The pictures could not be shown; start the training to see why."
        }
        return ("", str(answer["error"])) if "error" in answer else (data_address(file.read_bytes()), "")


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
    return f'<div class="frame" tabindex="0"><div class="network" role="list">{"".join(blocks)}</div></div>'


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
