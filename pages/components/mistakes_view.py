"""What the network gets wrong: a confusion matrix whose cells open the pictures behind them, the worst mistakes, the best
picture of each class, each class in numbers, and how far its confidence can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st

from core.config import RunConfig
from core.datasets.pictures import pictures_of
from core.mistakes import best_of_each_class, confused_pairs, confusion, in_cell, reliability, worst
from core.paths import data_folder
from core.runs.predictions import Predictions, Split, read_predictions
from core.runs.store import Run
from core.scores import scores
from pages.components.address import from_address
from pages.components.figure import figure
from pages.components.heatmap import heatmap
from pages.components.pictures import card, gallery
from pages.components.wording import count, percent, plain_markdown
from pages.components.words import words_help

SHOWN = 24  # pictures at a time
SPLITS: dict[Split, str] = {"test": "test pictures", "val": "val pictures"}
CELL, SPLIT = "cell", "split"  # in the address


@dataclass(frozen=True)
class Shown:
    """What of a run is looked at."""

    run: Run
    split: Split
    predictions: Predictions
    names: list[str]
    pixels: np.ndarray | None  # (N, H, W, C) uint8 of the published part; None: not on this computer


def has_predictions(run: Run) -> bool:
    return read_predictions(run, "test") is not None


def draw_mistakes(run: Run, config: RunConfig, names: list[str]) -> None:
    """All of it, in a part of the page that is drawn anew by itself."""
    st.fragment(_draw)(run, config, names)


def _draw(run: Run, config: RunConfig, names: list[str]) -> None:
    split = _split()
    predictions = _predictions(str(run.folder), split)
    if predictions is None or predictions.logits.shape[1] != len(names):
        st.caption("What the network said of these pictures was not kept.")
        return
    pixels = pictures_of(config.dataset, data_folder(), split)
    if pixels is not None and predictions.rows.max() >= len(pixels):
        pixels = None
    shown = Shown(run, split, predictions, names, pixels)
    matrix = confusion(predictions)
    st.markdown(pairs_in_words(matrix, names))
    table, picture = st.columns([5, 6], gap="medium")
    with table:
        per_class = scores(matrix, tuple(names))["per_class"]
        st.html(class_table(per_class))
        st.caption(words_help("precision", "recall", "F1"))
    with picture:
        in_percent = st.session_state.get("in percent", False)
        how = "per cent of the true class" if in_percent else "number of pictures"
        clicked = heatmap(
            matrix,
            names,
            key=f"confusion {run.id} {split}",
            title=f"Confusion matrix, {split} split ({how})",
            in_percent=in_percent,
            clicks=True,
        )
        if clicked is not None:
            st.query_params[CELL] = f"{clicked[0]}-{clicked[1]}"
            st.session_state.pop("more of the cell", None)
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.caption("Click a cell to see the pictures behind it.")
            st.toggle("Per cent", key="in percent")
    _cell(shown)
    _galleries(shown)
    _calibration(shown)


def _split() -> Split:
    st.subheader("What it gets right and wrong")
    changed = from_address(SPLIT, list(SPLITS), "test")
    chosen: Split | None = st.segmented_control(
        "Pictures",
        list(SPLITS),
        format_func=SPLITS.__getitem__,
        key=SPLIT,
        required=True,
        on_change=changed,
        help="The val pictures were held out from training and picked the best epoch; the test pictures were seen only "
        "once, after the training.",
    )
    return chosen or "test"


def _predictions(folder: str, split: Split) -> Predictions | None:
    try:
        changed = Path(folder, f"{split}_predictions.npz").stat().st_mtime_ns
    except OSError:
        return None
    return _read(folder, split, changed)


@st.cache_resource(max_entries=32, show_spinner=False)
def _read(folder: str, split: Split, changed: int) -> Predictions | None:
    return read_predictions(Run(Path(folder)), split)


def pairs_in_words(matrix: np.ndarray, names: list[str]) -> str:
    """Markdown: the classes that are mixed up most, and the hardest class."""
    images, right = int(matrix.sum()), int(np.diag(matrix).sum())
    if right == images:
        return f"All {count(images, 'picture')} were recognised."
    parts = [
        f"**{_name(names[one])}** and **{_name(names[other])}** ({number:,})"
        for one, other, number in confused_pairs(matrix)
    ]
    sentence = f"{right:,} of {images:,} right. Mixed up most: {', '.join(parts)}."
    scored = scores(matrix, tuple(names))["per_class"]
    hardest = min((entry for entry in scored if entry["images"]), key=lambda entry: entry["f1"])
    return f"{sentence} Hardest class: **{_name(hardest['class'])}** (F1 {percent(hardest['f1'])})."


def class_table(per_class: list[dict]) -> str:
    """HTML: each class in numbers."""
    rows = "".join(
        f"<tr><th scope='row'>{escape(str(entry.get('class', '')))}</th>"
        + "".join(f"<td>{percent(entry.get(name))}</td>" for name in ("precision", "recall", "f1"))
        + f"<td>{entry.get('images', 0):,}</td></tr>"
        for entry in per_class
    )
    head = "".join(f"<th scope='col'>{title}</th>" for title in ("Class", "Precision", "Recall", "F1", "Pictures"))
    return f'<div class="frame"><table class="table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cell(shown: Shown) -> None:
    """The pictures of the cell that the address names."""
    cell = cell_in(st.query_params.get(CELL, ""), len(shown.names))
    if cell is None:
        return
    true, predicted = cell
    places = in_cell(shown.predictions, true, predicted)
    one, other = _name(shown.names[true]), _name(shown.names[predicted])
    with st.container(border=True, key="cell"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            said = f"**{one}** taken for **{other}**" if true != predicted else f"**{one}**, recognised"
            st.markdown(f"{said}: {count(len(places), 'picture')}, most confident first")
            st.button("Close", key="close the cell", icon=":material/close:", type="tertiary", on_click=_close)
        _pictures(shown, places, "more of the cell", f"{one} taken for {other}")


def _close() -> None:
    st.query_params.pop(CELL, None)


def cell_in(text: str, classes: int) -> tuple[int, int] | None:
    """The cell "4-9" of an address."""
    true, _, predicted = text.partition("-")
    if not (true.isdecimal() and predicted.isdecimal()) or max(int(true), int(predicted)) >= classes:
        return None
    return int(true), int(predicted)


def _galleries(shown: Shown) -> None:
    mistakes = worst(shown.predictions)
    with st.expander(f"Worst mistakes ({len(mistakes):,})"):
        if len(mistakes):
            st.caption("Wrong, and most sure of it, first.")
        _pictures(shown, mistakes, "more mistakes", "Worst mistakes")
    with st.expander("The best picture of each class"):
        st.caption("What the network takes for the purest example of each class.")
        places = np.array([place for place in best_of_each_class(shown.predictions) if place is not None], dtype=int)
        _pictures(shown, places, "more of the best", "Best picture of each class")


def _pictures(shown: Shown, places: np.ndarray, more: str, label: str) -> None:
    if shown.pixels is None:
        st.caption(
            "The pictures themselves are not on this computer: the dataset was never used here, or it has changed."
        )
    limit = st.session_state.get(more, SHOWN)
    cards = [prediction_card(shown, int(place)) for place in places[:limit]]
    if cards:
        st.html(gallery(cards, label))
    if len(places) > limit:
        st.button(
            f"Show {min(SHOWN, len(places) - limit)} more of {len(places):,}",
            key=f"{more} button",
            on_click=lambda: st.session_state.update({more: limit + SHOWN}),
        )


def prediction_card(shown: Shown, place: int) -> str:
    """HTML: a picture, what it is, and the three likeliest classes."""
    predictions, names = shown.predictions, shown.names
    shares = predictions.probabilities[place]
    true, guess = int(predictions.labels[place]), int(predictions.predicted[place])
    likeliest = [guess, *(int(label) for label in np.argsort(-shares, kind="stable") if label != guess)][:3]
    lines = [f"<b>{escape(names[label])}</b> {percent(float(shares[label]))}" for label in likeliest]
    if guess != true:
        lines.insert(0, f"<i>it is {escape(names[true])}</i>")
    row = int(predictions.rows[place])
    pixels = np.zeros((8, 8, 1), np.uint8) if shown.pixels is None else shown.pixels[row]
    alt = f"picture {row}: {names[true]}, taken for {names[guess]}"
    return card(pixels, alt, *lines, is_right=guess == true)


def _calibration(shown: Shown) -> None:
    found = reliability(shown.predictions)
    with st.expander("Can its confidence be trusted?"):
        st.markdown(calibration_in_words(found.confidence, found.accuracy, found.pictures, found.error))
        names = [f"{number:,} pictures" for number in found.pictures]
        traces = [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [0, 1],
                "y": [0, 1],
                "name": "as sure as right",
                "line": {"dash": "dot", "color": "$text", "width": 1},
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": found.confidence.round(4).tolist(),
                "y": found.accuracy.round(4).tolist(),
                "text": names,
                "name": "this network",
                "line": {"color": "$chart0", "width": 2.4},
                "marker": {"size": (6 + 10 * np.sqrt(found.pictures / found.pictures.max())).round(1).tolist()},
                "hovertemplate": "%{x:.1%} sure, %{y:.1%} right<br>%{text}<extra></extra>",
            },
        ]
        axis = {"tickformat": ".0%", "range": [0, 1.03]}
        layout = {
            "xaxis": {**axis, "title": {"text": "how sure it says it is"}},
            "yaxis": {**axis, "title": {"text": "how often it is right"}},
        }
        title = f"Reliability, {shown.split} split"
        with st.container(width=560):
            figure(traces, layout, key=f"reliability {shown.run.id} {shown.split}", title=title, height=360)


def calibration_in_words(confidence: np.ndarray, accuracy: np.ndarray, pictures: np.ndarray, error: float) -> str:
    """Markdown: what the curve says."""
    mean, right = np.average(confidence, weights=pictures), np.average(accuracy, weights=pictures)
    said = f"On average it says {percent(float(mean))} and is right in {percent(float(right))}."
    if error < 0.01:
        verdict = "Its confidence can be taken at its word"
    else:
        verdict = "It is **too sure of itself**" if mean > right else "It is **too modest**"
    return f"{said} {verdict} (expected calibration error {error * 100:.1f} points)."


def _name(text: str) -> str:
    return plain_markdown(text)
