"""Where a network looked for its answer, and what its layers made of the picture."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from core.inference.classifier import Classifier
from core.machine.memory import OutOfMemory, told
from core.training.gradients import SMALLER
from core.training.halving import halved

WINDOW = 5  # pixels that are covered at a time where a network has no convolutions, of 28
COVERED = 64  # pictures, each covered in another place, that are asked at a time
MOST_LAYERS = 8
NO_ROOM = "There is not enough memory to see where the network looked"


@dataclass(frozen=True)
class Activation:
    """What came out of one layer."""

    words: str
    values: np.ndarray  # (k, h, w) of a convolution's filters, or (n,) of neurons


def where_it_looked(classifier: Classifier, prepared: np.ndarray, label: int) -> tuple[np.ndarray, str]:
    """How much each place spoke for a class: float32 (H, W), 0..1, and the name of the method.

    prepared: uint8 (C, H, W). Gradient times activation at the last convolution that still has an extent: Grad-CAM (Selvaraju
    et al. 2017, arXiv:1610.02391) where an average follows, and true to the answer also where each place has weights of its own
    (HiResCAM, Draelos and Carin 2020, arXiv:2011.08891). For networks without one occlusion (Zeiler and Fergus 2014,
    arXiv:1311.2901). Through Captum. Raises OutOfMemory.
    """
    from captum.attr import LayerAttribution, LayerGradientXActivation, Occlusion

    model = _without_in_place(classifier.model)
    inputs = classifier.inputs(prepared[None])
    layer = _last_convolution(model, inputs)
    height, width = inputs.shape[2:]
    if layer is not None:
        with told(lambda: OutOfMemory(NO_ROOM, SMALLER)):
            found = LayerGradientXActivation(model, layer).attribute(inputs.requires_grad_(), target=label)
        speaks_for = functional.relu(found.detach().sum(dim=1, keepdim=True))  # (1, 1, h, w)
        heat = LayerAttribution.interpolate(speaks_for, (height, width), "bilinear")[0, 0]
        method = "Grad-CAM"
    else:
        side = max(2, round(WINDOW * width / 28))
        black = classifier.inputs(np.zeros_like(prepared)[None])

        def covered(at_a_time: int) -> torch.Tensor:
            with torch.no_grad():
                return Occlusion(model).attribute(
                    inputs,
                    sliding_window_shapes=(inputs.shape[1], side, side),
                    strides=(inputs.shape[1], 1, 1),
                    baselines=black,
                    target=label,
                    perturbations_per_eval=at_a_time,
                )

        found = halved(COVERED, covered, inputs.device)
        heat = functional.relu(found[0].mean(dim=0))
        method = "occlusion"
    heat = heat.numpy().astype(np.float32)
    return heat / max(float(heat.max()), 1e-9), method


def activations(classifier: Classifier, prepared: np.ndarray) -> list[Activation]:
    """What the layers with an activation, and the last one, make of a picture, uint8 (C, H, W); of many layers the first and
    the last."""
    found: list[Activation] = []
    model = _without_in_place(classifier.model)
    layers = [module for module in model.modules() if isinstance(module, nn.ReLU | nn.Linear)]
    shown = [module for module in layers if isinstance(module, nn.ReLU)] + layers[-1:]

    def look(module: nn.Module, _inputs: object, outputs: torch.Tensor) -> None:
        values = outputs[0].float().numpy()
        if values.ndim == 3:
            words = f"{values.shape[0]} filters, {values.shape[1]} x {values.shape[2]}"
        else:
            words = f"{values.size} neurons" if isinstance(module, nn.ReLU) else f"{values.size} answers"
        found.append(Activation(words, values if values.ndim == 3 else values.reshape(-1)))

    for module in dict.fromkeys(shown):
        module.register_forward_hook(look)
    with torch.inference_mode():
        model(classifier.inputs(prepared[None]))
    half = MOST_LAYERS // 2
    return found if len(found) <= MOST_LAYERS else found[:half] + found[-half:]


def _without_in_place(model: nn.Module) -> nn.Module:
    """A copy whose layers leave what came before them as it was, for gradients and hooks to see."""
    copied = copy.deepcopy(model).eval()
    for module in copied.modules():
        if hasattr(module, "inplace"):
            module.inplace = False  # type: ignore[assignment]
    return copied


def _last_convolution(model: nn.Module, inputs: torch.Tensor) -> nn.Module | None:
    """The last one whose output is larger than 1 x 1."""
    sizes: dict[nn.Module, int] = {}
    hooks = [
        module.register_forward_hook(lambda module, _inputs, outputs: sizes.update({module: outputs.shape[-1]}))
        for module in model.modules()
        if isinstance(module, nn.Conv2d)
    ]
    with torch.inference_mode():
        model(inputs)
    for hook in hooks:
        hook.remove()
    extended = [module for module, size in sizes.items() if size > 1]
    return extended[-1] if extended else None
