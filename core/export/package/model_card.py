"""What a package says of its network, in plain words, with the head that model hubs read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.analysis.mistakes import commonest_mistakes
from core.analysis.run_words import views_in_words
from core.analysis.scores import interval, right_of
from core.image_sets.splitting import TEST, TRAIN, VAL
from core.inference import USUALLY_ANSWERED
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.metadata import title_of
from core.runs.store import Run
from core.text.lists import some
from core.text.numbers import count, percent

NAMED = 20  # classes
WORST = 3
FILES = {
    "predict.py": "says what pictures show; `core` beside it reads and prepares them, as the dashboard does",
    "requirements.txt": "what `predict.py` needs",
    "model.onnx": "the network with all that its answer needs, for programs",
    "model.safetensors": "its weights alone, under PyTorch's names",
    "config.json": "its architecture, its classes and how pictures are prepared",
    "labels.txt": "its classes, in the order of its answers",
    "train.py": "the training as a script of plain PyTorch, which repeats it",
    "train-split.json": "which picture goes where, for `train.py`",
    "train-pictures.npz": "the pictures that `train.py` learns from",
    "proof.json": "what was checked, with the SHA-256 of every file",
}


@dataclass(frozen=True)
class Measured:
    """How often a network was right on pictures that it did not learn from."""

    pictures: str  # "test" or "validation"
    right: int
    images: int
    matrix: np.ndarray | None = None  # (classes, classes), rows true, columns predicted

    @property
    def ends(self) -> tuple[float, float]:
        """Between which shares, 0..1, the true accuracy lies."""
        return interval(self.right, self.images)


def measured(run: Run, epoch: int, proof: dict[str, Any]) -> Measured:
    """On the test pictures if the network of this epoch was measured on them; else on the validation pictures of the check."""
    test = History(run).update().test or {}
    if test.get("from_epoch") == epoch and (found := right_of(test)):
        matrix = test.get("confusion_matrix")
        return Measured("test", *found, np.array(matrix) if matrix else None)
    return Measured("validation", proof["right"], proof["pictures"])


def model_card(
    run: Run,
    config: RunConfig,
    measured: Measured,
    proof: dict[str, Any],
    data_folder: Path,
    files: list[str],
    no_script: str = "",
) -> str:
    """README.md: a head in YAML and text in Markdown. `no_script`: why the training is not among the files."""
    names, dataset = config.dataset.info().class_names, config.dataset
    title = title_of(run, config)
    text = "\n\n".join(
        [
            _head(title, config, measured),
            f"# {_plain(title)}",
            f"A network ({_plain(config.architecture.label)}) that tells {count(len(names), 'class', 'classes')} apart: "
            f"{_plain(some(names, NAMED))}. TrainDesk trained it on {_plain(dataset.title())}.",
            "## How to use it\n\n```\npip install -r requirements.txt\npython predict.py picture.jpg a-folder\n"
            "python predict.py --camera 0\n```",
            "`python predict.py --help` says what else it does. In a program of your own:\n\n```python\n"
            "from pathlib import Path\n\nfrom predict import open_network, read_image\n\nnetwork = open_network()\n"
            'image = read_image(Path("picture.jpg"), "my picture")\n'
            'print(network.ask([network.prepare(image)])[0]["answer"])\n```',
            _for_programs(config),
            "## How good it is",
            _scores(measured, names),
            *([views] if (views := views_in_words(config.training.views)) else []),
            _proof(proof),
            "## What it learned from",
            _data(config, data_folder),
            "To tell what it does not know, `model.onnx` holds copies of up to 6,000 of the pictures it learned from, at most 32 "
            "pixels a side: give it only to people who may see those.",
            "## What it is not for",
            _limits(config, names, measured),
            "## What is in this folder",
            "\n".join(f"- `{name}`: {FILES[name]}" for name in FILES if name in files),
            *([f"The training is not here as a script. {_plain(no_script)}"] if no_script else []),
        ]
    )
    return text + "\n"


def _head(title: str, config: RunConfig, measured: Measured) -> str:
    """YAML, of which JSON is a part: names that people gave are quoted so."""
    accuracy = round(measured.right / max(1, measured.images), 4)
    split = {"test": "test", "validation": "validation"}[measured.pictures]
    return "\n".join(
        [
            "---",
            "library_name: onnx",
            "pipeline_tag: image-classification",
            "tags: [image-classification, traindesk]",
            "metrics: [accuracy]",
            "model-index:",
            f"- name: {json.dumps(title, ensure_ascii=False)}",
            "  results:",
            "  - task: {type: image-classification}",
            f"    dataset: {{name: {json.dumps(config.dataset.title(), ensure_ascii=False)}, "
            f"type: {json.dumps(config.dataset.name)}, split: {split}}}",
            f"    metrics: [{{type: accuracy, value: {accuracy}}}]",
            "---",
        ]
    )


def _for_programs(config: RunConfig) -> str:
    channels, height, width = config.dataset.info().shape
    how = config.dataset.preparation()
    return (
        f"`model.onnx` takes `images`, uint8 (N, {height}, {width}, {channels}): values 0 to 255, neither scaled nor normalised, "
        f"of pictures that `{how.function}` in `core/images/{how.module}.py` has prepared. It gives `probabilities` "
        "(N, classes), `unfamiliar` (N,): whether a picture is so unlike all that it learned from that the honest answer is "
        "“I don't know”, and `ood_score` (N,): how unlike."
    )


def _scores(measured: Measured, names: tuple[str, ...]) -> str:
    low, high = (percent(each) for each in measured.ends)
    said = (
        f"Of {count(measured.images, f'{measured.pictures} picture')} it reads "
        f"{percent(measured.right / max(1, measured.images))} right; with other pictures of the kind {low} to {high} "
        "(95\u202f% interval)."
    )
    if measured.pictures == "validation":
        said += " By these its training chose among its own networks, so it may do a little worse on others."
    if measured.matrix is None:
        return said
    images, hits = measured.matrix.sum(axis=1), measured.matrix.diagonal()
    recall = hits / np.maximum(images, 1)
    worst = [place for place in np.argsort(np.where(images > 0, recall, 2), kind="stable")[:WORST] if images[place]]
    lines = [said, "", "| It is worst at | pictures | of which right |", "| --- | --- | --- |"]
    lines += [f"| {_plain(names[place])} | {images[place]:,} | {percent(float(recall[place]))} |" for place in worst]
    for true, predicted, wrong in commonest_mistakes(measured.matrix, 1):
        lines += ["", f"Its commonest mistake: {_plain(names[true])} taken for {_plain(names[predicted])}, "
                  f"{wrong:,} of {count(int(images[true]), 'picture')}."]  # fmt: skip
    return "\n".join(lines)


def _proof(proof: dict[str, Any]) -> str:
    return (
        "Before this package was made, `predict.py` was run without PyTorch and its answers were compared with the dashboard's: "
        f"{proof['sentence']}"
    )


def _data(config: RunConfig, data_folder: Path) -> str:
    training = config.training
    shared = config.dataset.shared_out(
        data_folder, training.validation_share, training.seed, training.training_pictures
    )
    channels, height, width = config.dataset.info().shape
    return (
        f"{_plain(config.dataset.title())}: {count(shared.total(TRAIN), 'picture')} to learn from, {shared.total(VAL):,} held "
        f"back for validation, {shared.total(TEST):,} for the test, which the training did not see. The network sees "
        f"{width} x {height} pixels{'' if channels > 1 else ' in grey'}."
    )


def _limits(config: RunConfig, names: tuple[str, ...], measured: Measured) -> str:
    kind = "drawings and photos of one figure" if config.dataset.drawable else "pictures like those it learned from"
    wrong = 1 - measured.ends[0]
    return "\n".join(
        [
            f"- Anything that is none of its {count(len(names), 'class', 'classes')}: it was taught nothing else. It says "
            f"“I don't know” to pictures unlike all it learned from, at a limit at which "
            f"{percent(USUALLY_ANSWERED, 0)} of the validation pictures are answered; some strange pictures pass all the same.",
            f"- Other pictures than {kind}: the figures above hold for pictures from the same source only.",
            "- Decisions about people, or where a mistake does harm: "
            f"even on pictures of the kind up to {percent(wrong)} of its answers may be wrong.",
        ]
    )


def _plain(text: str) -> str:
    """Text of people's as Markdown shows it letter by letter."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", text)
