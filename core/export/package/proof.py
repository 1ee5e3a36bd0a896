"""Proof before promise: a package is offered after a program without torch has given the dashboard's own answers with it."""

from __future__ import annotations

import contextlib
import inspect
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch

from core.errors import ImageError, TrainDeskError
from core.export.package.proof_pictures import Tried, write_pictures
from core.export.telling import Tell
from core.images.read import read_image
from core.inference.classifier import Classifier
from core.inference.neighbours import Neighbours, tempered
from core.machine.posix import read_input
from core.machine.processes import end_child, start
from core.text.numbers import count, decimal, fitting

SAME = 1e-4  # by which probabilities may differ, and the two likeliest classes to be as good as each other
BATCH, BATCH_VALUES = 250, 1_500_000  # pictures that are answered at a time: as many as the page answers
SECONDS = 1800  # that the program may go on after the network here has answered
LOOK_SECONDS = 0.5
# What onnxruntime brings along beside what is in the requirements.
ALLOWED = ("core", "onnxruntime", "numpy", "PIL", "flatbuffers", "google", "packaging")
# Ends with whoever has the other end of standard input.
WATCHED = f"""
import os, sys, threading, time
{inspect.getsource(read_input)}
def end_with_who_asked():
    while read_input():
        pass
    os._exit(1)
threading.Thread(target=end_with_who_asked, daemon=True).start()
"""
# Runs the program as someone will: nothing can be imported but what is in the package, in its requirements and in Python.
ALONE = """
import runpy, sys
folder, *allowed = sys.argv[1].split("|")
class Nothing:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in allowed and top not in sys.stdlib_module_names and not top.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Nothing())
sys.path.insert(0, folder)
sys.argv[:2] = [folder + "/predict.py"]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@dataclass(frozen=True)
class Answers:
    """To pictures in their order; of a picture in which nothing was found there is a sentence instead."""

    probabilities: np.ndarray  # (N, classes) float32, NaN where there is a sentence
    ood_scores: np.ndarray  # (N,)
    unfamiliar: np.ndarray  # (N,) bool
    sentences: list[str]  # (N,), "" where there is an answer

    @property
    def best(self) -> np.ndarray:
        """(N,) the likeliest class, -1 where there is none."""
        return np.where(self.silent, -1, np.nan_to_num(self.probabilities, nan=-1.0).argmax(axis=1))

    @property
    def silent(self) -> np.ndarray:
        """(N,) bool: without an answer."""
        return np.array([bool(each) for each in self.sentences], dtype=bool)


def prove(
    folder: Path,
    classifier: Classifier,
    known: Neighbours,
    data_folder: Path,
    workplace: Path,
    needs_scipy: bool,
    tell: Tell,
) -> dict[str, Any]:
    """Tries the package in that folder and says how it did, see `compared`. `workplace` is an empty folder for the pictures.

    Raises TrainDeskError when anything is answered differently, or the pictures are not on this computer.
    """
    began = time.monotonic()
    tell(0.0, "Writing pictures to try it with")
    pictures = workplace / "pictures"
    pictures.mkdir()
    tried = write_pictures(classifier, data_folder, pictures)
    said, errors = workplace / "said.jsonl", workplace / "errors.txt"
    with said.open("wb") as output, errors.open("wb") as problems:
        child = program(folder, pictures, needs_scipy, output, problems)
        try:
            own = answers_of(
                classifier, known, tried.files, lambda share: tell(0.1 + 0.7 * share, "Asking both networks")
            )
            leaves = "Asking the network that leaves"
            status = _ended(child, said, len(tried.files), lambda share: tell(0.8 + 0.2 * share, leaves))
        finally:
            end_child(child)
            child.communicate()
    theirs = read_answers(said, tried, classifier.class_names, status, errors)
    foreign = "drawing" if classifier.config.dataset.drawable else "other picture"
    found = compared(own, theirs, tried, known.limit(), foreign)
    return found | {"seconds": round(time.monotonic() - began, 1)}


def program(
    folder: Path, pictures: Path, needs_scipy: bool, output: IO[bytes], problems: IO[bytes]
) -> subprocess.Popen:
    """The package's `predict.py`, reading these pictures as it will elsewhere; it ends with this process, be that killed."""
    allowed = [*ALLOWED, *(["scipy"] if needs_scipy else [])]
    command = [sys.executable, "-I", "-B", "-c", WATCHED + ALONE, "|".join([str(folder), *allowed])]
    command += ["--json", "--threads", str(torch.get_num_threads()), str(pictures)]
    return start(command, cwd=folder, stdin=subprocess.PIPE, stdout=output, stderr=problems)


def _ended(child: subprocess.Popen, said: Path, files: int, tell: Callable[[float], None]) -> int:
    """The exit status of the program, which has answered so many files; -1 where it takes too long."""
    began = time.monotonic()
    while child.poll() is None and time.monotonic() - began < SECONDS:
        tell(min(1.0, said.read_bytes().count(b"\n") / files))
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(LOOK_SECONDS)
    return -1 if child.returncode is None else child.returncode


def answers_of(
    classifier: Classifier, known: Neighbours, files: list[Path], tell: Callable[[float], None] = lambda share: None
) -> Answers:
    """What the dashboard says of these files (`said_of_many` of its page): read, prepared, answered, and held against what the
    network learned from."""
    shares = np.full((len(files), len(classifier.class_names)), np.nan, np.float32)
    scores, sentences = np.zeros(len(files)), [""] * len(files)
    step = max(1, min(BATCH, BATCH_VALUES // int(np.prod(classifier.config.dataset.info().shape))))
    for first in range(0, len(files), step):
        tell(first / len(files))
        prepared, places = [], []
        for place, file in enumerate(files[first : first + step], first):
            try:
                prepared.append(classifier.prepare(read_image(file, file.name)))
                places.append(place)
            except ImageError as error:
                sentences[place] = str(error)
        if prepared:
            pixels = np.stack(prepared)
            features, probabilities = classifier.embed(pixels)
            shares[places] = tempered(probabilities, known.temperature)
            scores[places] = known.ood_score(features, pixels)
    return Answers(shares, scores, scores > known.limit(), sentences)


def read_answers(said: Path, tried: Tried, class_names: tuple[str, ...], status: int, errors: Path) -> Answers:
    """What the program printed. Raises TrainDeskError when it ended otherwise than it should."""
    files = tried.files
    shares = np.full((len(files), len(class_names)), np.nan, np.float32)
    scores, unfamiliar, sentences = np.zeros(len(files)), np.zeros(len(files), bool), [""] * len(files)
    place = -1
    for place, row in enumerate(_rows(said)):
        if place == len(files) or Path(row["picture"]) != files[place]:
            status = -1
            break
        if "error" in row:
            sentences[place] = row["error"]
        else:
            shares[place] = list(row["probabilities"].values())
            scores[place], unfamiliar[place] = row["ood_score"], row["unfamiliar"]
    if status not in (0, 1) or place != len(files) - 1:
        words = (errors.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it said nothing"])[-1]
        raise TrainDeskError(
            f"The program that goes along ended after {place + 1:,} of {len(files):,} pictures ({words[:200].rstrip('.')}), so "
            "there is no package; install TrainDesk's requirements anew and try again."
        )
    return Answers(shares, scores, unfamiliar, sentences)


def _rows(said: Path) -> Iterator[dict[str, Any]]:
    with said.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def compared(own: Answers, theirs: Answers, tried: Tried, limit: float, foreign: str) -> dict[str, Any]:
    """What the check found, as plain facts for JSON, with its `sentence`. `foreign` is what the other pictures are called.

    Equal means: the same class, unless the two likeliest are within SAME; all probabilities within SAME; the same "I don't know",
    unless the score lies within SAME of the limit, relatively; the same sentence where a picture is empty. Raises TrainDeskError
    when something is not, saying how many pictures and which first.
    """
    answered = ~own.silent & ~theirs.silent
    top = np.sort(np.nan_to_num(own.probabilities), axis=1)[:, -2:]  # (N, 2)
    tie = answered & (top[:, 1] - top[:, 0] <= SAME)
    edge = answered & (np.abs(own.ood_scores - limit) <= SAME * limit)
    apart = np.where(answered, np.abs(own.probabilities - theirs.probabilities).max(axis=1), 0.0)  # (N,)
    other_class, other_verdict = own.best != theirs.best, own.unfamiliar != theirs.unfamiliar
    other_words = np.array([one != two for one, two in zip(own.sentences, theirs.sentences, strict=True)])
    wrong = (other_class & ~tie) | (other_verdict & ~edge) | other_words | ~(apart <= SAME)
    if wrong.any():
        raise TrainDeskError(_difference(own, theirs, tried.files, wrong))
    same = ~other_class & ~other_verdict
    of_foreign = np.arange(len(same)) < len(tried.foreign)
    facts: dict[str, Any] = {
        "pictures": len(tried.validation),
        "pictures_same": int(same[~of_foreign].sum()),
        f"{foreign}s".replace(" ", "_"): len(tried.foreign),
        f"{foreign}s_same".replace(" ", "_"): int(same[of_foreign].sum()),
        "undecided": int((~same).sum()),
        "largest_difference": float(apart.max()),
        "largest_difference_of_ood_score": float(np.abs(own.ood_scores - theirs.ood_scores).max() / limit),  # in limits
        "unfamiliar": int(own.unfamiliar.sum()),
        "empty": int(own.silent.sum()),
        "right": int((own.best[~of_foreign] == tried.labels).sum()),
    }
    alike = f"{facts['pictures_same']:,} of {count(len(tried.validation), 'picture')}"
    alike += f" and {int(same[of_foreign].sum()):,} of {count(len(tried.foreign), foreign)} get the same answer"
    if facts["undecided"]:
        alike += f" ({facts['undecided']:,} {fitting(facts['undecided'], 'are')} too close to call)"
    return facts | {"sentence": f"{alike}; probabilities differ by at most {_at_most(facts['largest_difference'])}."}


def _difference(own: Answers, theirs: Answers, files: list[Path], wrong: np.ndarray) -> str:
    first = int(np.flatnonzero(wrong)[0])

    def words(answers: Answers) -> str:
        if answers.sentences[first]:
            return "nothing"
        share = float(answers.probabilities[first].max())
        return f"class {answers.best[first] + 1} with {share:.5f}{', unfamiliar' if answers.unfamiliar[first] else ''}"

    return (
        f"The network that was to go along answers {wrong.sum():,} of {count(len(wrong), 'picture')} differently (first "
        f"{files[first].stem}: {words(theirs)} instead of {words(own)}), so there is no package; take another of the run's "
        "networks along, or the run itself."
    )


def _at_most(difference: float) -> str:
    """0.0000123 -> "0.00002": the digit that is shown is never less than what it was."""
    if difference <= 0:
        return "0"
    step = 10.0 ** np.floor(np.log10(difference))
    return decimal(float(np.ceil(difference / step) * step), 1)
