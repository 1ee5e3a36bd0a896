"""What the network gets wrong: a confusion matrix whose cells open the pictures behind them, the worst mistakes, the best
picture of each class, and each class in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from core.analysis.mistakes import best_of_each_class, commonest_mistakes, confusion, in_cell, worst
from core.analysis.run_words import mixed_up, views_in_words
from core.analysis.scores import scores
from core.datasets.thumbnails import pictures_of
from core.paths import data_folder
from core.run_config import RunConfig
from core.runs.predictions import Predictions, Split
from core.runs.store import Run
from core.text.numbers import percent
from pages.components.charts.heatmap import MOST_DRAWN, MOST_WRITTEN, heatmap
from pages.components.charts.view_controls import one_of
from pages.components.run.calibration_view import draw_calibration
from pages.components.shell.fences import with_run_fence
from pages.components.shell.histories import predictions_of
from pages.components.shell.html_parts import card, gallery, html_table, table_row
from pages.components.shell.links import say
from pages.components.shell.number_words import count, plain_markdown
from pages.components.shell.word_meanings import words_help

SHOWN = 24  # pictures at a time
SPLITS: dict[Split, str] = {"test": "test pictures", "val": "validation pictures"}
CELL, SPLIT = "cell", "split"  # in the address
FREQUENT = "frequent mistakes"
TOP = {number: number for number in ("1", "3", "5", "10")}  # best pictures of each class
FEW, MANY = 5, 12  # mistakes offered, and classes in numbers at first where there are many


@dataclass(frozen=True)
class Shown:
    """What of a run is looked at."""

    run: Run
    split: Split
    predictions: Predictions
    names: list[str]
    pixels: np.ndarray | None  # (N, H, W, C) uint8 of the published part; None: not on this computer


def has_predictions(run: Run) -> bool:
    """Whether what it said of the test pictures was kept."""
    return predictions_of(run, "test") is not None


@st.fragment
@with_run_fence("mistakes")
def draw_mistakes(run: Run, config: RunConfig, names: list[str]) -> None:
    """All of it, in a part of the page that is drawn anew by itself."""
    split = _split()
    predictions = predictions_of(run, split)
    if predictions is None or predictions.logits.shape[1] != len(names):
        st.caption("What the network said of these pictures was not kept.")
        return
    pixels = pictures_of(config.dataset, data_folder(), split)
    if pixels is not None and predictions.rows.max() >= len(pixels):
        pixels = None
    shown = Shown(run, split, predictions, names, pixels)
    matrix = confusion(predictions)
    st.markdown(pairs_in_words(matrix, names))
    if views := views_in_words(config.training.views):
        st.caption(views)
    frequent = st.container()  # filled last: a click into the matrix changes which of them is chosen
    picture, table = st.columns([6, 5], gap="medium")
    with table:
        draw_classes(scores(matrix, tuple(names))["per_class"])
        st.caption(words_help("precision", "recall", "F1", of_class=plain_markdown(names[0])))
    with picture:
        in_percent = st.session_state.get("in percent", False)
        clicked = heatmap(
            matrix,
            names,
            key=f"confusion {run.id} {split}",
            title=f"Confusion matrix, {SPLITS[split]}{', per cent' if in_percent else ''}",
            in_percent=in_percent,
            clicks=True,
        )
        if clicked is not None:
            _open(f"{clicked[0]}-{clicked[1]}")
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.caption(
                "Click a cell to see the pictures behind it. The stronger its colour, the more frequent a mistake is."
            )
            if len(names) <= MOST_WRITTEN or len(names) > MOST_DRAWN:  # numbers stand in the cells
                st.toggle("Per cent", key="in percent")
    with frequent:
        _frequent(matrix, names)
    _cell(shown)
    _galleries(shown)
    draw_calibration(predictions, SPLITS[split], f"reliability {run.id} {split}")


def _open(cell: str) -> None:
    """Shows the pictures of a cell, "" of none."""
    st.session_state.pop("more of the cell", None)
    say(CELL, cell)


def _frequent(matrix: np.ndarray, names: list[str]) -> None:
    """The commonest mistakes as buttons that open their pictures: for fingers and keyboards, and where cells are tiny."""
    found = commonest_mistakes(matrix, FEW if len(names) <= MOST_WRITTEN else MANY)
    words = {
        f"{true}-{predicted}": f"{plain_markdown(names[true])} taken for {plain_markdown(names[predicted])} ({number:,})"
        for true, predicted, number in found
    }
    if not words:
        return
    cell = st.query_params.get(CELL, "")
    st.session_state[FREQUENT] = cell if cell in words else None
    st.pills(
        "Most frequent mistakes",
        list(words),
        format_func=lambda each: words.get(each, each),
        key=FREQUENT,
        on_change=lambda: _open(st.session_state[FREQUENT] or ""),
    )


def _split() -> Split:
    st.header("What it gets right and wrong")
    tip = (
        "The validation pictures were held out from training and picked the best epoch; the test pictures were seen only "
        "once, after the training."
    )
    return one_of("Pictures", SPLIT, SPLITS, help=tip)


def pairs_in_words(matrix: np.ndarray, names: list[str]) -> str:
    """Markdown: the classes that are mixed up most, and the hardest class; "" of no picture. Matrix (classes, classes), rows
    true."""
    return mixed_up(matrix, names, _strong)


def _strong(text: str) -> str:
    return f"**{plain_markdown(text)}**"


def draw_classes(per_class: list[dict]) -> None:
    """Each class in numbers; of many, the hardest first and the others on request."""
    if len(per_class) <= MOST_WRITTEN:
        st.html(class_table(per_class))
        return
    hardest = sorted(per_class, key=lambda entry: (not entry.get("images"), entry.get("f1") or 0.0))
    st.html(class_table(hardest[:MANY]))
    with st.expander(f"The other {len(hardest) - MANY:,} classes"):
        st.html(class_table(hardest[MANY:]))


def class_table(per_class: list[dict]) -> str:
    """HTML: each class in numbers; – where there are no pictures to know them from, also of runs that noted 0 there."""
    rows = (
        table_row(
            escape(str(entry.get("class", ""))),
            [
                *(
                    percent(entry.get(name)) if entry.get("images", 1) else "–"
                    for name in ("precision", "recall", "f1")
                ),
                f"{entry.get('images', 0):,}",
            ],
        )
        for entry in per_class
    )
    return html_table(("Class", "Precision", "Recall", "F1", "Pictures"), rows)


def _cell(shown: Shown) -> None:
    """The pictures of the cell that the address names."""
    cell = cell_in(st.query_params.get(CELL, ""), len(shown.names))
    if cell is None:
        return
    true, predicted = cell
    places = in_cell(shown.predictions, true, predicted)
    one, other = plain_markdown(shown.names[true]), plain_markdown(shown.names[predicted])
    with st.container(border=True, key="cell"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            said = f"**{one}** taken for **{other}**" if true != predicted else f"**{one}**, recognised"
            st.markdown(f"{said}: {count(len(places), 'picture')}, most confident first")
            st.button(
                "Close", key="close the cell", icon=":material/close:", type="tertiary", on_click=_open, args=("",)
            )
        _pictures(shown, places, "more of the cell", f"{one} taken for {other}")


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
    with st.expander("The best pictures of each class"):
        most = int(one_of("Of each class", "purest", TOP))
        st.caption("What the network takes for the purest examples of each class, the purest first.")
        places = np.concatenate(best_of_each_class(shown.predictions, most))
        _pictures(shown, places, "more of the best", "Best pictures of each class")


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
