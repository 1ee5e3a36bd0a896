"""A trained network as one ONNX file that takes pixels and gives answers."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from core.errors import TrainDeskError
from core.export.telling import Tell
from core.files import write_atomically
from core.inference.classifier import Classifier
from core.inference.neighbours import Neighbours
from core.runs.store import Run

if TYPE_CHECKING:
    import onnx

OPSET = 20  # what old runtimes, and those in browsers, still know
EXAMPLES = 2  # pictures with which it is traced: of one the exporter would conclude that there is never another


def write_onnx(run: Run, place: Path, which: str, data_folder: Path, tell: Tell) -> dict[str, Any]:
    """Writes the network alone, once it has passed the proof of a whole package, and says what that found: see
    `core.export.package.proof.compared`. Raises TrainDeskError, OSError; then there is no file."""
    from core.export.package.package import made_package

    with made_package(run, which, data_folder, tell) as made:
        write_atomically(place, (made.folder / "model.onnx").read_bytes())
        return made.proof | {"seconds": made.seconds}


def as_onnx(classifier: Classifier, known: Neighbours) -> bytes:
    """The file: `images` uint8 (N, H, W, C) -> `probabilities` float32 (N, classes), `ood_score` float32 (N,), `unfamiliar` bool
    (N,); see `core.export.package.answering`. Class names and preparation stand in its metadata. Raises TrainDeskError.
    """
    import onnx
    from torch.export import Dim

    from core.export.package.answering import Answering

    channels, height, width = classifier.config.dataset.info().shape
    example = torch.zeros(EXAMPLES, height, width, channels, dtype=torch.uint8)
    try:
        with _quietly(), torch.no_grad():
            program = torch.onnx.export(
                Answering(classifier, known).eval(),
                (example,),
                dynamo=True,
                external_data=False,
                input_names=["images"],
                output_names=["probabilities", "ood_score", "unfamiliar"],
                dynamic_shapes={"images": {0: Dim("batch")}},
                opset_version=OPSET,
                verbose=False,
            )
        assert program is not None
        model = program.model_proto
        onnx.helper.set_model_props(model, metadata_of(classifier))
        checked(model)
    except Exception as error:  # exporter and checker raise many kinds
        raise TrainDeskError(
            f"This network could not be written as ONNX ({_first_clause(error)}); take another network along, or the run itself."
        ) from error
    return model.SerializeToString()


def metadata_of(classifier: Classifier) -> dict[str, str]:
    """What whoever has the file alone needs to know: class names in the order of the answers, and how a picture is prepared."""
    preparation = classifier.config.dataset.preparation()
    how = {"module": preparation.module, "function": preparation.function, "arguments": dict(preparation.arguments)}
    return {
        "class_names": json.dumps(list(classifier.class_names), ensure_ascii=False),
        "preparation": json.dumps(how),
        "input": "uint8 pixels 0 to 255, (N, height, width, channels), prepared as `preparation` says, not scaled",
    }


def checked(model: onnx.ModelProto) -> None:
    """Raises ValueError or what onnx raises for a model that some runtime would not take, or that answers otherwise than it
    should: of a newer opset, in several files, or with layers that still behave as in training."""
    import onnx

    onnx.checker.check_model(model, full_check=True)
    opsets = {each.domain or "ai.onnx": each.version for each in model.opset_import}
    nodes = [*model.graph.node, *(node for function in model.functions for node in function.node)]
    used = {node.domain or "ai.onnx" for node in nodes}
    if used - {"ai.onnx"} or opsets["ai.onnx"] > OPSET:
        raise ValueError(f"it needs {opsets}, beyond opset {OPSET}")
    if any(each.external_data for each in model.graph.initializer):
        raise ValueError("its weights lie in a second file")
    if awake := [node.op_type for node in nodes if node.op_type == "Dropout" or _trains(node)]:
        raise ValueError(f"{awake[0]} behaves as in training")


def _trains(node: onnx.NodeProto) -> bool:
    return any(attribute.name == "training_mode" and attribute.i for attribute in node.attribute)


def _first_clause(error: Exception) -> str:
    """What went wrong, without the pages of advice that follow."""
    return re.split(r"[.:]\s|\n", str(error).strip())[0][:200].rstrip(".") or type(error).__name__


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without what the exporter prints and warns of its own inner life."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
