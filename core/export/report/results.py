"""Parts of a report card: what a network takes for what, its worst mistakes with their pictures, and the runs beside it."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.analysis.mistakes import commonest_mistakes, confusion, reliability, worst
from core.analysis.run_words import mixed_up, trust
from core.analysis.scores import scores
from core.datasets.thumbnails import pictures_of
from core.errors import TrainDeskError
from core.experiments.sweep import tried
from core.export.report.parts import named, row, strong, table
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.index import Index
from core.runs.predictions import Predictions, read_predictions
from core.runs.store import Run
from core.runs.summary import Summary
from core.text.numbers import count, duration, percent

MOST_WRITTEN = 20  # classes of a matrix; of more the commonest mistakes are listed
WIDE = 12  # classes from which the cells are smaller
HARDEST, FREQUENT = 10, 10  # classes and mistakes that are listed of many
CARDS = 12  # worst mistakes
TINY, SIDE = 64, 160  # pixels: up to which each is to be seen, and of larger pictures
LEVELS = 9  # of a colour
MOST_RUNS = 24  # of an experiment
FAINTEST = 0.12  # of the colour of the largest mistake, for the smallest


@dataclass(frozen=True)
class Cards:
    """HTML of pictures, and how many there are."""

    html: str
    number: int


def on_test_pictures(run: Run, history: History, names: list[str]) -> str:
    """The confusion matrix and each class in numbers; "" of a run that was not tested."""
    predictions = _predictions(run, names)
    matrix = confusion(predictions) if predictions else np.asarray((history.test or {}).get("confusion_matrix") or [])
    if matrix.shape != (len(names), len(names)) or not matrix.sum():
        return "" if not history.test else "<p>What it took for what was not kept.</p>"
    said = f"<p>{mixed_up(matrix, names, strong)}</p>"
    per_class = scores(matrix, tuple(names))["per_class"]
    sure = f"<p>{trust(reliability(predictions), strong)}</p>" if predictions else ""
    if len(names) > MOST_WRITTEN:
        return f'{said}<div class="two">{_frequent(matrix, names)}{_classes(per_class)}</div>{sure}'
    inside = _matrix(matrix, names) + _classes(per_class)
    return f'{said}<div class="two">{inside}</div>{sure}' if len(names) <= WIDE else f"{said}{inside}{sure}"


def _predictions(run: Run, names: list[str]) -> Predictions | None:
    found = read_predictions(run, "test")
    return found if found is not None and found.logits.shape[1] == len(names) else None


def _matrix(matrix: np.ndarray, names: list[str]) -> str:
    """Rows are the true classes, columns what was predicted; the colour is the share of the row."""
    shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    off = np.where(np.eye(len(matrix), dtype=bool), 0.0, shares)
    strength = np.where(off > 0, np.maximum(FAINTEST, np.sqrt(off / max(float(off.max()), 1e-12))), 0.0)
    rows = []
    for true, name in enumerate(names):
        cells = []
        for predicted in range(len(names)):
            is_right = true == predicted
            level = int(np.ceil(LEVELS * (shares if is_right else strength)[true, predicted]))
            number = int(matrix[true, predicted])
            cells.append(f'<td class="{"r" if is_right else "e"}{level}">{number or ""}</td>')
        rows.append(f'<tr><th scope="row" dir="auto">{escape(name)}</th>{"".join(cells)}</tr>')
    head = "".join(f'<th scope="col" dir="auto">{escape(name)}</th>' for name in names)
    kinds = ["matrix", *(["small"] if len(names) > WIDE else []), *(["upright"] if max(map(len, names)) > 2 else [])]
    said = "Rows: what it is; columns: what it was taken for"
    inside = f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    table_of = f'<table class="{" ".join(kinds)}" aria-label="Confusion matrix. {said}">{inside}</table>'
    return f'<div class="scroll"><p class="caption">{said}</p>{table_of}</div>'


def _frequent(matrix: np.ndarray, names: list[str]) -> str:
    rows = [
        row(named(names[true]), [names[predicted], f"{number:,}"])
        for true, predicted, number in commonest_mistakes(matrix, FREQUENT)
    ]
    return table(("It is", "Taken for", "Pictures"), rows, "texts", "Most frequent mistakes") if rows else ""


def _classes(per_class: list[dict[str, Any]]) -> str:
    """Each class in numbers; of many the hardest."""
    is_cut = len(per_class) > MOST_WRITTEN
    shown = (
        sorted(per_class, key=lambda each: (not each["images"], each["f1"] or 0.0))[:HARDEST] if is_cut else per_class
    )
    rows = [
        row(
            named(each["class"]),
            [*(percent(each[name]) for name in ("precision", "recall", "f1")), f"{each['images']:,}"],
        )
        for each in shown
    ]
    caption = f"The hardest of {len(per_class):,} classes" if is_cut else "Each class"
    return table(("Class", "Precision", "Recall", "F1", "Pictures"), rows, caption=caption)


def mistakes(run: Run, config: RunConfig, names: list[str], data_folder: Path) -> Cards:
    """Those test pictures of which it was most sure and wrong."""
    predictions = _predictions(run, names)
    if predictions is None:
        return Cards("", 0)
    places = worst(predictions)
    if not len(places):
        return Cards(f"<p>It made none on {count(len(predictions), 'test picture')}.</p>", 0)
    pixels = pictures_of(config.dataset, data_folder, "test")
    if pixels is not None and predictions.rows.max() >= len(pixels):
        pixels = None
    cards = "".join(_card(predictions, int(place), names, pixels) for place in places[:CARDS])
    made = f"{count(len(places), 'mistake')} on {count(len(predictions), 'test picture')}"
    said = f"{made}; those of which it was most sure come first."
    if pixels is None:
        said += " The pictures themselves are not on this computer."
    return Cards(f'<p class="quiet">{said}</p><div class="cards">{cards}</div>', min(len(places), CARDS))


def _card(predictions: Predictions, place: int, names: list[str], pixels: np.ndarray | None) -> str:
    """A picture, what it is, and the three likeliest classes."""
    shares = predictions.probabilities[place]
    true, guess = int(predictions.labels[place]), int(predictions.predicted[place])
    likeliest = [guess, *(int(label) for label in np.argsort(-shares, kind="stable") if label != guess)][:3]
    lines = "".join(f"<span><b>{named(names[label])}</b> {percent(float(shares[label]))}</span>" for label in likeliest)
    alt = escape(f"picture {int(predictions.rows[place])}: {names[true]}, taken for {names[guess]}", quote=True)
    shown = "" if pixels is None else _picture(pixels[int(predictions.rows[place])], alt)
    return f"<figure>{shown}<figcaption><i>it is {named(names[true])}</i>{lines}</figcaption></figure>"


def _picture(pixels: np.ndarray, alt: str) -> str:
    """HTML of pixels uint8 (H, W, C), which are in the page itself."""
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    is_tiny = max(image.size) <= TINY
    image.thumbnail((SIDE, SIDE))
    stream = io.BytesIO()
    image.save(stream, "PNG" if is_tiny else "JPEG", **({} if is_tiny else {"quality": 82}))
    data = base64.b64encode(stream.getvalue()).decode()
    kind = ' class="tiny"' if is_tiny else ""
    return f'<img{kind} src="data:image/{"png" if is_tiny else "jpeg"};base64,{data}" alt="{alt}">'


def compared(run: Run, config: RunConfig) -> str:
    """The runs of its experiment, with what they differ in; "" of a run that is in none."""
    if not config.experiment:
        return ""
    of_experiment = [each for each in Index(run.folder.parent).summaries() if each.experiment == config.experiment]
    pairs = [(each, found) for each in of_experiment if (found := _config(run.folder.parent, each.id)) is not None]
    if len(pairs) < 2:
        return ""
    varied = tried([found for _, found in pairs])
    places = sorted(range(len(pairs)), key=lambda place: -(pairs[place][0].val_accuracy or 0.0))
    shown = [place for order, place in enumerate(places) if order < MOST_RUNS or pairs[place][0].id == run.id]
    best = max((each.val_accuracy or 0.0 for each, _ in pairs), default=0.0)
    rows = [_run_row(pairs[place][0], [setting.in_words(place) for setting in varied], run.id, best) for place in shown]
    head = ("Run", *(setting.title for setting in varied), "Validation, best epoch", "Test", "Epochs", "Time")
    left = f" {count(len(pairs) - len(shown), 'more run')} did worse." if len(shown) < len(pairs) else ""
    said = f"{strong(config.experiment)}: {count(len(pairs), 'run')}, the best first; this one is shaded.{left}"
    return f"<p>{said}</p>{table(head, rows)}"


def _config(runs_folder: Path, run_id: str) -> RunConfig | None:
    try:
        return Run(runs_folder / run_id).config()
    except TrainDeskError:
        return None


def _run_row(found: Summary, values: Sequence[str], run_id: str, best: float) -> str:
    star = " ★" if found.val_accuracy is not None and found.val_accuracy == best else ""
    done = f"{found.epochs:,} of {found.planned:,}"
    of_epoch = f" (epoch {found.test_epoch:,})" if found.test_epoch else ""
    cells = [
        *values,
        percent(found.val_accuracy) + star,
        percent(found.test_accuracy) + of_epoch,
        done,
        duration(found.seconds),
    ]
    return row(named(found.title), cells, "this" if found.id == run_id else "")
