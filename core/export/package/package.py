"""A network to take along: one ZIP for programs and people, offered after it has given the dashboard's own answers."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import platform
import shutil
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.datasets import DatasetError
from core.errors import TrainDeskError
from core.export.kept import file_name
from core.export.package.model_card import measured, model_card
from core.export.package.onnx_file import as_onnx, metadata_of
from core.export.package.proof import prove
from core.export.telling import Tell
from core.files import write_atomically
from core.inference.classifier import Classifier
from core.inference.neighbours import Neighbours
from core.machine.questions import temporary_folder
from core.paths import HOME
from core.runs.store import Run

PROGRAM = Path(__file__).parent / "predict.py"
NEEDS = {"onnxruntime": "onnxruntime>=1.22", "PIL": "pillow>=11.0", "numpy": "numpy>=2.0", "scipy": "scipy>=1.14"}
VERSIONS = ("torch", "onnx", "onnxscript", "onnxruntime", "numpy", "pillow", "scipy")
PACKED = (".safetensors", ".npz")  # files that get no smaller
FORMAT = 1  # of proof.json


@dataclass(frozen=True)
class Made:
    """A package in a folder, which has passed its proof."""

    folder: Path
    proof: dict[str, Any]
    seconds: dict[str, float]  # that each part of the work took


def write_package(run: Run, place: Path, which: str, data_folder: Path, tell: Tell) -> dict[str, Any]:
    """Writes the ZIP and says what its proof found, see `proof.compared`. Raises TrainDeskError, OSError; then there is no
    file."""
    with made_package(run, which, data_folder, lambda share, words: tell(share * 0.95, words)) as made:
        tell(0.95, "Packing")
        began = time.monotonic()
        write_atomically(place, zipped(made.folder, file_name(run)))
        seconds = made.seconds | {"packing": round(time.monotonic() - began, 1)}
        tell(1.0, "Done")
        return made.proof | {"seconds": seconds, "bytes_of_network": (made.folder / "model.onnx").stat().st_size}


@contextmanager
def made_package(run: Run, which: str, data_folder: Path, tell: Tell) -> Iterator[Made]:
    """The package in a folder that is removed afterwards. Raises TrainDeskError, OSError."""
    watch = _Watch()
    tell(0.0, "Opening the network")
    classifier = Classifier.load(run, which)
    watch.note("opening")
    tell(0.05, "Looking at what it learned from")
    try:
        known = Neighbours.of(classifier, data_folder)
    except DatasetError as error:
        raise TrainDeskError(
            "A network leaves with what it knows of its pictures and is tried on them first, and they are not on this "
            f"computer: {error}"
        ) from error
    watch.note("looking at pictures")
    tell(0.25, "Writing the network")
    with temporary_folder() as workplace:
        folder = workplace / "package"
        folder.mkdir()
        (folder / "model.onnx").write_bytes(as_onnx(classifier, known))
        watch.note("onnx")
        _write_weights(folder, classifier, known)
        (folder / "predict.py").write_bytes(PROGRAM.read_bytes())
        needs_scipy = _write_modules(folder, classifier)
        no_script = _write_script(folder, run, which, data_folder)
        watch.note("other files")
        tell(0.5, "Trying it")
        proof = prove(
            folder,
            classifier,
            known,
            data_folder,
            workplace,
            needs_scipy,
            lambda share, words: tell(0.5 + share / 2, words),
        )
        watch.note("proof")
        files = [*(path.name for path in folder.iterdir()), "proof.json"]
        right = measured(run, classifier.epoch, proof)
        card = model_card(run, classifier.config, right, proof, data_folder, files, no_script)
        (folder / "README.md").write_text(card, encoding="utf-8")
        _write_proof(folder, proof, classifier)
        yield Made(folder, proof, watch.seconds)


def modules_of(starts: Iterable[str]) -> dict[str, Path]:
    """The modules of `core` with these names and all that they import, with the packages that they lie in: name -> file."""
    found: dict[str, Path] = {}
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name in found or (file := _file_of(name)) is None:
            continue
        found[name] = file
        waiting += [*_imported(file), name.rpartition(".")[0]]
    return found


def _file_of(name: str) -> Path | None:
    """Of a module of `core`; None of what is none."""
    if name.partition(".")[0] != "core":
        return None
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:  # a name in a module
        return None
    return Path(spec.origin) if spec and spec.origin else None


def _imported(file: Path) -> Iterator[str]:
    """All that a file imports, also within functions: modules, and names that may be modules."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


def _write_modules(folder: Path, classifier: Classifier) -> bool:
    """Copies the modules with which pictures are read and prepared, as they are, and writes requirements.txt. Whether they need
    scipy: ink is found with it."""
    preparation = classifier.config.dataset.preparation()
    modules = modules_of([*_imported(PROGRAM), f"core.images.{preparation.module}"])
    for file in modules.values():
        copy = folder / file.relative_to(HOME)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    imported = {name.partition(".")[0] for file in [PROGRAM, *modules.values()] for name in _imported(file)}
    needs_scipy = "scipy" in imported and preparation.arguments.get("fit", "ink") == "ink"
    needed = [line for name, line in NEEDS.items() if name != "scipy" or needs_scipy]
    (folder / "requirements.txt").write_text("\n".join(needed) + "\n", encoding="utf-8")
    return needs_scipy


def _write_weights(folder: Path, classifier: Classifier, known: Neighbours) -> None:
    """The layout of model hubs: weights, classes, and what one must know to use them."""
    from safetensors.torch import save

    config, names = classifier.config, list(classifier.class_names)
    weights = {name: tensor.detach().contiguous().clone() for name, tensor in classifier.model.state_dict().items()}
    (folder / "model.safetensors").write_bytes(save(weights, {"format": "pt"}))
    channels, height, width = config.dataset.info().shape
    mean, deviation = config.dataset.mean_and_deviation()
    architecture = config.architecture.model_dump(mode="json", exclude={"weights_file"})
    said = {
        "model_type": "traindesk",
        "architectures": [config.architecture.label],
        "id2label": {str(place): name for place, name in enumerate(names)},
        "label2id": {name: place for place, name in enumerate(names)},
        "num_channels": channels,
        "image_size": [height, width],
        "image_mean": list(mean),
        "image_std": list(deviation),
        "architecture": architecture,
        "loss": config.loss.name,  # type: ignore[attr-defined]
        "temperature": known.temperature,
        "epoch": classifier.epoch,
        "preparation": json.loads(metadata_of(classifier)["preparation"]),
    }
    (folder / "config.json").write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / "labels.txt").write_text("\n".join(names) + "\n", encoding="utf-8")


def _write_script(folder: Path, run: Run, which: str, data_folder: Path) -> str:
    """Writes the training as a script, with what it reads, and says why it cannot be written as one, if so."""
    from core.export.script.script import write_script

    try:
        write_script(run, folder / "train.py", which, data_folder, lambda *_: None)
    except TrainDeskError as error:
        return str(error)
    return ""


def _write_proof(folder: Path, proof: dict[str, Any], classifier: Classifier) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    said = {
        "format": FORMAT,
        "sentence": proof["sentence"],
        "check": {name: value for name, value in proof.items() if name != "sentence"},
        "network": {"checkpoint": classifier.checkpoint, "epoch": classifier.epoch},
        "versions": {
            "python": platform.python_version(),
            **{name: found for name in VERSIONS if (found := _version(name))},
        },
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "files": {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }
    (folder / "proof.json").write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def zipped(folder: Path, name: str) -> bytes:
    """A ZIP of the folder's files, in a folder of that name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                kind = zipfile.ZIP_STORED if path.suffix in PACKED else zipfile.ZIP_DEFLATED
                archive.write(path, f"{name}/{path.relative_to(folder).as_posix()}", kind)
    return buffer.getvalue()


class _Watch:
    """Seconds that parts of a work took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.monotonic()

    def note(self, part: str) -> None:
        now = time.monotonic()
        self.seconds[part], self._since = round(now - self._since, 1), now
