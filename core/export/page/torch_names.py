"""How torch names what a page can compute, and how it gives arguments."""

from __future__ import annotations

from typing import Any

from torch.fx import Node

# Operations on each number by itself: torch's name -> ours, and the settings that follow the input, with their defaults.
POINTWISE: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("relu", {}),
    "relu6": ("clamp", {"low": 0.0, "high": 6.0}),
    "hardtanh": ("clamp", {"low": -1.0, "high": 1.0}),
    "clamp": ("clamp", {"low": None, "high": None}),
    "leaky_relu": ("leaky_relu", {"slope": 0.01}),
    "elu": ("elu", {"alpha": 1.0, "scale": 1.0, "input_scale": 1.0}),
    "sigmoid": ("sigmoid", {}),
    "hardsigmoid": ("hardsigmoid", {}),
    "silu": ("silu", {}),
    "hardswish": ("hardswish", {}),
    "tanh": ("tanh", {}),
    "gelu": ("gelu", {}),
}
# What changes no number of a network that only answers.
SAME = frozenset(
    "dropout feature_dropout alpha_dropout clone contiguous alias detach lift_fresh_copy to _to_copy".split()
)
BETWEEN = {"add": "add", "sub": "subtract", "mul": "multiply", "div": "divide"}


def arguments_of(node: Node, names: str, **defaults: Any) -> dict[str, Any]:
    """The arguments by these names, in torch's order; what is not given has its default, else None."""
    words = names.split()
    given = dict(zip(words, node.args, strict=False))
    return {word: given.get(word, node.kwargs.get(word, defaults.get(word))) for word in words}


def pair(value: Any) -> tuple[int, int]:
    """(height, width) of one number, of one in a list, or of two."""
    if isinstance(value, int):
        return value, value
    return (value[0], value[-1])


def word_of(node: Node) -> str:
    """torch's name of what a node computes: "aten.conv2d.default" -> "conv2d"."""
    name = getattr(node.target, "__name__", str(node.target))
    return name.split(".")[0].removesuffix("_") if name[0] != "_" or "." in name else name
