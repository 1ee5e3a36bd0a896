"""Writes the page: a network, how it prepares a picture, how it knows that it does not know, and proof, in one HTML file."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import math
import re
import time
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.analysis.scores import right_of
from core.errors import TrainDeskError
from core.export.kinds import MOST_WORK
from core.export.page.familiar import Familiar
from core.export.page.graph import graph_of
from core.export.page.operations import Graph, multiply_adds
from core.export.page.packing import Packer, Unpacked
from core.export.page.preparation import knows, plan_of, preparation_script
from core.export.page.reference import probabilities_of
from core.export.telling import Tell
from core.files import write_atomically
from core.inference.classifier import Classifier
from core.inference.neighbours import Compared, fitted_temperature, tempered
from core.runs.history import History
from core.runs.metadata import title_of
from core.runs.store import Run
from core.text.numbers import count, percent
from core.training.losses import LossSettings
from core.training.views import VIEWS

HERE = Path(__file__).parent
SCRIPTS = (
    "strokes.js",
    "network.js",
    "familiar.js",
    "page.js",
)  # after those that prepare pictures; each uses those before it
GOLDEN = 50  # validation pictures with torch's answers, by which the page checks itself
MOST_CHECKED = 1000  # validation pictures by which it is checked before it is written,
CHECKING_WORK = 20_000_000_000  # as far as so many multiply-adds suffice
CLOSE, ROUNDED = 1e-4, 1e-3  # how far probabilities may differ: with whole weights, and with weights of half the digits
# What is tried in turn: from how many weights of a layer on half of the digits are kept. EfficientNet-Lite0's probabilities
# differ by 0.0027 with half of all digits, by 0.0005 where layers of fewer than 40,000 keep theirs; the page is 14 % larger.
WEIGHTS = {"float16": (0, ROUNDED), "float16 and float32": (40_000, ROUNDED), "float32": (math.inf, CLOSE)}
PICTURES_A_TIME = 50
COARSE = 32  # pixels a side of the golden pictures
# pictures that are looked at for those that stand for all: more if cheap
CANDIDATES, CHOOSING_WORK = 2000, 60_000_000_000


@dataclass(frozen=True)
class Checked:
    """What a comparison of answers found."""

    pictures: int
    same: int  # pictures with the same likeliest class
    difference: float  # of probabilities, the largest

    def is_good(self, limit: float) -> bool:
        """Whether every picture gets the same answer, with probabilities that differ by at most so much."""
        return self.same == self.pictures and self.difference <= limit  # False for differences that are no numbers

    def otherwise(self) -> str:
        """A sentence: of how many pictures it would answer otherwise, and by how much."""
        return (
            f"The page would answer {self.pictures - self.same} of {self.pictures} validation pictures otherwise than the "
            f"network, with probabilities that differ by up to {self.difference:.2g}, so it was not made; report this."
        )


def write_page(run: Run, place: Path, which: str, data_folder: Path, tell: Tell) -> dict[str, Any]:
    """One HTML file that answers pictures as the network of that checkpoint does, opened from a disk and without a network.

    Written whole or not at all, and only when its very bytes have given the network's answers to validation pictures. Gives
    `multiply_adds`, `weights` (of WEIGHTS), `pictures` compared, `same`, `largest_difference`, `golden` pictures in
    the page, `familiar` pictures by which it knows what is strange. Raises TrainDeskError and OSError.
    """
    classifier = Classifier.load(run, which)
    dataset, label = classifier.config.dataset, classifier.config.architecture.label
    if not knows(dataset.preparation()):
        raise TrainDeskError(
            f"A page in one file cannot prepare pictures as {dataset.title()} does; take the run itself along instead."
        )
    tell(0.05, "Reading the network")
    graph = graph_of(classifier.model, dataset.info().shape, label)
    views = VIEWS[classifier.config.training.views]
    work = multiply_adds(graph) * len(views)
    if work > MOST_WORK:
        raise TrainDeskError(
            f"{label} needs {work / 1e6:,.0f} million multiply-adds for an answer, more than the {MOST_WORK / 1e6:,.0f} million "
            "that a page in one file does in two seconds; take a run with smaller pictures or a smaller network."
        )
    tell(0.15, "Looking at the pictures that it learned from")
    pictures = Compared.of(classifier, data_folder)
    probabilities = classifier.predict(pictures.val)
    temperature = fitted_temperature(probabilities, pictures.val_labels)
    asked = pictures.val[: _affordable(work, pictures.val_alone)]
    answers = tempered(probabilities[: len(asked)], temperature)
    golden = coarse(asked[golden_places(answers, pictures.val_labels[: len(asked)])])
    golden_answers = tempered(classifier.predict(golden), temperature)
    tell(0.3, "Choosing pictures that tell the familiar from the strange")
    familiar = _familiar(graph, classifier, pictures)
    remembered = len(familiar.features) if familiar else 0
    words = {
        **about(run, classifier, remembered if remembered < len(pictures.train) else 0),
        "preparation": plan_of(dataset.preparation()),
        "network": {"temperature": temperature, "views": views, "each": is_each_by_itself(classifier.config.loss)}
        | dict(zip(("mean", "deviation"), map(list, dataset.mean_and_deviation()), strict=True)),
    }
    tell(0.8, "Comparing its answers")
    pixels, expected = np.concatenate([golden, asked]), np.concatenate([golden_answers, answers])
    for weights in WEIGHTS:
        text = packed(graph, words, familiar, golden, golden_answers, *WEIGHTS[weights])
        if (checked := compare(Unpacked(text), pixels, expected)).is_good(WEIGHTS[weights][1]):
            break
    else:
        raise TrainDeskError(checked.otherwise())
    tell(0.95, "Writing the page")
    write_atomically(place, html(words["title"], text).encode())
    return {
        "multiply_adds": work,
        "weights": weights,
        "pictures": checked.pictures,
        "same": checked.same,
        "largest_difference": checked.difference,
        "golden": len(golden),
        "familiar": remembered,
    }


def packed(
    graph: Graph,
    words: dict[str, Any],
    familiar: Familiar | None,
    golden: np.ndarray,
    answers: np.ndarray,
    half_from: float,
    limit: float,
) -> str:
    """All that the page knows, as one text; `golden` uint8 (N, C, H, W) with their answers (N, classes). Weights of a layer that
    has at least `half_from` of them are kept as float16, others as float32; `limit`: by how much its probabilities may differ."""
    packer = Packer()
    network = {
        **words["network"],
        "size": graph.size,
        "features": graph.features,
        "operations": [
            {
                "kind": operation.kind,
                "inputs": operation.inputs,
                "size": operation.size,
                **operation.settings,
                "arrays": {
                    name: packer.add(values, "f2" if values.size >= half_from else "f4")
                    for name, values in operation.arrays.items()
                },
            }
            for operation in graph.operations
        ],
    }
    kept = {
        "pixels": packer.add(golden.transpose(0, 2, 3, 1), "u1"),
        "answers": packer.add(answers, "f4"),
        "limit": limit + CLOSE,  # a browser sums up in another order
    }
    strange = familiar.packed(packer) if familiar else None
    return packer.packed({**words, "network": network, "golden": kept, "familiar": strange})


def compare(page: Unpacked, pictures: np.ndarray, answers: np.ndarray) -> Checked:
    """The page's answers to pictures uint8 (N, C, H, W) held against those of the network, float32 (N, classes)."""
    laid = pictures.transpose(0, 2, 3, 1)
    with torch.inference_mode():
        starts = range(0, len(laid), PICTURES_A_TIME)
        said = np.concatenate([probabilities_of(page, laid[start : start + PICTURES_A_TIME]) for start in starts])
    first, second = answers.argmax(1), said.argmax(1)
    rows = np.arange(len(answers))
    tied = np.abs(answers[rows, first] - answers[rows, second]) <= CLOSE
    return Checked(len(laid), int(((first == second) | tied).sum()), float(np.abs(said - answers).max()))


def coarse(pictures: np.ndarray) -> np.ndarray:
    """Pictures uint8 (N, C, H, W) of squares of one colour, at most COARSE along each side: those that are small already stay as
    they are. Fifty photos would else take megabytes, and show who is on them to whoever gets the page."""
    step = -(-max(pictures.shape[2:]) // COARSE)
    if step == 1:
        return pictures
    count, channels, height, width = pictures.shape
    rows, columns = (np.arange(side) // step for side in (height, width))
    sums = np.add.reduceat(
        np.add.reduceat(pictures.astype(np.float32), np.arange(0, height, step), 2), np.arange(0, width, step), 3
    )
    means = sums / np.bincount(rows)[:, None] / np.bincount(columns)
    return np.round(means).astype(np.uint8)[:, :, rows][:, :, :, columns]


def golden_places(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Which pictures, rising, go into the page: at most GOLDEN, of all classes in turn, none whose two likeliest classes are as
    good as tied. `answers` (N, classes), `labels` (N,)."""
    best = np.sort(answers, axis=1)[:, -2:]
    clear = np.flatnonzero(best[:, 1] - best[:, 0] > 2 * ROUNDED)
    turn = np.zeros(len(clear))
    for label in np.unique(labels[clear]):
        turn[labels[clear] == label] = np.arange((labels[clear] == label).sum())
    return np.sort(clear[np.argsort(turn, kind="stable")[:GOLDEN]])


def is_each_by_itself(loss: LossSettings) -> bool:
    """Whether probabilities are sigmoids of each logit, scaled to sum to 1, or else their softmax. Raises TrainDeskError."""
    logits = torch.linspace(-4, 5, 12).view(2, 6)
    said = loss.probabilities(logits)
    for each, values in ((False, logits), (True, torch.nn.functional.logsigmoid(logits))):
        if torch.allclose(said, values.softmax(1), atol=1e-6):
            return each
    raise TrainDeskError(
        f"A page in one file cannot compute the probabilities of the loss '{loss.label}'; take the run itself along instead."
    )


def about(run: Run, classifier: Classifier, familiar: int = 0) -> dict[str, Any]:
    """What the page says of the network, in words and names. `familiar`: how many pictures it remembers, where
    these are not all."""
    config, history = classifier.config, History(run)
    with contextlib.suppress(OSError):  # a run without its log has a network all the same
        history.update()
    dataset, tested = config.dataset, history.test or {}
    scored = ""
    if (right := right_of(tested)) and tested.get("from_epoch", classifier.epoch) == classifier.epoch:
        scored = (
            f"Right on {percent(right[0] / right[1])} of {count(right[1], 'test picture')}, which it had never seen."
        )
    else:
        epoch = next((each for each in history.epochs if each["epoch"] == classifier.epoch), {})
        if (share := epoch.get("val/accuracy")) is not None:
            scored = f"Right on {percent(share)} of its validation pictures; it was not tested."
    learned = (history.started or {}).get("train_images")
    pictures = f"{count(learned, 'picture')} of {dataset.title()}" if isinstance(learned, int) else dataset.title()
    made, remembered = time.localtime(run.created()), []
    if familiar:
        remembered = [
            f"It tells what it does not know by {count(familiar, 'picture')} that it learned from; TrainDesk compares with more "
            "and may judge otherwise."
        ]
    return {
        "title": title_of(run, config),
        "classes": list(classifier.class_names),
        "hint": dataset.input_hint,
        "drawable": dataset.drawable,
        "about": [
            *([scored] if scored else []),
            f"Trained on {made.tm_mday} {time.strftime('%B %Y', made)} with {pictures}: {config.architecture.label}, "
            f"{count(classifier.epoch, 'epoch')}.",
            *remembered,
        ],
    }


def html(title: str, text: str) -> str:
    """The file. Nothing that people named stands in it but the title, escaped; the rest is in the packed text."""
    style = (HERE / "page.css").read_text(encoding="utf-8")
    script = preparation_script() + "".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    filled = {
        "title": escape(title),
        "style": style,
        "script": script,
        "network": text,
        "style-hash": _hash(style),
        "script-hash": _hash(script),
    }
    page = (HERE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{([a-z-]+)\}\}", lambda found: filled[found[1]], page)


def _hash(text: str) -> str:
    """As a Content-Security-Policy names what may run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _familiar(graph: Graph, classifier: Classifier, pictures: Compared) -> Familiar | None:
    """None for a network without a fully connected layer, of which TrainDesk does not say what is strange either."""
    if graph.features < 0:
        return None
    count, affordable = len(pictures.train), max(CANDIDATES, CHOOSING_WORK // max(1, multiply_adds(graph)))
    some = np.sort(np.random.default_rng(0).choice(count, min(count, affordable), replace=False))
    features, val_features = (classifier.embed(each)[0] for each in (pictures.train[some], pictures.val))
    return Familiar.of(features, pictures.train[some], val_features, pictures.val)


def _affordable(work: int, pictures: int) -> int:
    """How many pictures are compared."""
    return min(pictures, max(GOLDEN, min(MOST_CHECKED, CHECKING_WORK // max(1, work))))
