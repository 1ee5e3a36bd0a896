"""What a run came to in words and figures: the same on its page and in what leaves with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core.analysis.mistakes import Reliability, confused_pairs
from core.analysis.scores import interval, right_of, scores
from core.runs.events import Event
from core.runs.history import History
from core.text.numbers import count, percent


def report_of(test: dict[str, Any], class_names: list[str]) -> dict[str, Any]:
    """A test's report with its scores computed anew where it has its matrix: earlier releases noted 0 for what is unknown."""
    matrix = test.get("confusion_matrix") or []
    if not matrix or len(matrix) != len(class_names):
        return test
    known = scores(np.asarray(matrix), tuple(class_names))
    macro = {f"test/{name}": known[name] for name in ("precision", "recall", "f1")}
    return {**test, **macro, **{name: known[name] for name in ("classes_known", "per_class")}}


def average_of(test: dict[str, Any]) -> str:
    """Over which classes: those without test pictures are left out."""
    classes = len(test.get("per_class") or [])
    known = test.get("classes_known", classes)
    return "average of the classes" if known == classes else f"average of {known:,} of {classes:,} classes"


def right_of_all(test: dict[str, Any]) -> str:
    """How many of how many test pictures."""
    measured = right_of(test)
    if not measured:
        return ""
    (right, images), (low, high) = measured, interval(*measured)
    return f"{right:,} of {images:,} pictures right; with other pictures of the kind {percent(low)} to {percent(high)}"


def views_in_words(views: str) -> str:
    """Of what an answer is the mean, of `training.views`; "" where each picture is looked at once."""
    number = {"mirrored": "two", "moved": "six"}.get(views)
    return f"The answer to a picture is the mean of those to {number} views of it." if number else ""


def best_epoch_fact(best: Event, history: History) -> tuple[str, str, str]:
    """Its accuracy, which is not the highest where the loss, or being the last, made it the best."""
    accuracy, epoch = best.get("val/accuracy"), f"epoch {best['epoch']:,}"
    known = [value for each in history.epochs if (value := each.get("val/accuracy")) is not None]
    if accuracy is not None and accuracy < max(known):
        return "Validation accuracy", percent(accuracy), f"{epoch}, the best one"
    return "Best validation accuracy", percent(accuracy), epoch


def mixed_up(matrix: np.ndarray, names: list[str], strong: Callable[[str], str]) -> str:
    """In words: the classes that are mixed up most, and the hardest class; "" of no picture. Matrix (classes, classes), rows
    true. `strong` marks the name of a class."""
    images, right = int(matrix.sum()), int(np.diag(matrix).sum())
    if not images:
        return ""
    if right == images:
        return f"All {images:,} pictures were recognised." if images > 1 else "The only picture was recognised."
    parts = [
        f"{strong(names[one])} and {strong(names[other])} ({number:,})" for one, other, number in confused_pairs(matrix)
    ]
    sentence = f"{right:,} of {images:,} right. Mixed up most: {', '.join(parts)}."
    scored = scores(matrix, tuple(names))["per_class"]
    hardest = min((entry for entry in scored if entry["images"]), key=lambda entry: entry["f1"])
    return f"{sentence} Hardest class: {strong(hardest['class'])} (F1 {percent(hardest['f1'])})."


def trust(found: Reliability, strong: Callable[[str], str]) -> str:
    """In words: whether its confidence can be trusted. `strong` marks the verdict."""
    confidence, accuracy, pictures, error = found.confidence, found.accuracy, found.pictures, found.error
    mean, right = np.average(confidence, weights=pictures), np.average(accuracy, weights=pictures)
    said = f"On average it says {percent(float(mean))} and is right in {percent(float(right))}."
    if error < 0.01:
        verdict = "Its confidence can be taken at its word"
    elif abs(mean - right) < error / 2:  # what is too much here and too little there
        verdict = f"It is {strong('too sure of some and too modest of others')}"
    else:
        verdict = f"It is {strong('too sure of itself' if mean > right else 'too modest')}"
    return f"{said} {verdict} (expected calibration error {error * 100:.1f} points)."


def device_in_words(started: Event) -> str:
    """ "CPU", or the name of the GPU."""
    name = str(started.get("device_name") or started.get("device") or "")
    return name.upper() if name in ("cpu", "mps") else name


def precision_in_words(event: Event) -> str:
    """ "bfloat16, 2 threads" from `precision` and `threads`; a GPU's threads say nothing, and old runs have neither."""
    words = [str(event.get("precision") or "")]
    if threads := event.get("threads") if event.get("device") == "cpu" else None:
        words.append(count(threads, "thread"))
    return ", ".join(word for word in words if word)
