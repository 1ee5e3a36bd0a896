"""A network as a plain list of operations, read from what torch.export makes of it: whatever built it, a page can compute it."""

from __future__ import annotations

import torch
from torch import nn

from core.errors import TrainDeskError
from core.export.page.operations import Graph, Operation
from core.export.page.reader import Reader


def graph_of(model: nn.Module, shape: tuple[int, int, int], name: str = "this network") -> Graph:
    """The operations of a network in evaluation mode for pictures of `shape` (C, H, W). Raises TrainDeskError, which names what
    of `name` a page cannot compute."""
    try:
        with torch.inference_mode(False):
            exported = torch.export.export(model.eval(), (torch.zeros(1, *shape),)).run_decompositions({})
    except Exception as error:  # torch raises many kinds for what it cannot follow
        raise TrainDeskError(
            f"A page in one file cannot be made of {name}, whose computation depends on the picture "
            f"({type(error).__name__}); take the run itself along instead."
        ) from error
    reader = Reader(shape, name)
    weights = {**exported.state_dict, **exported.constants}
    signature = exported.graph_signature
    named = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    named |= signature.inputs_to_lifted_tensor_constants
    for node in exported.graph.nodes:
        if node.op == "placeholder":
            if node.name in named:
                reader.constants[node.name] = weights[named[node.name]].detach().float()
            else:
                reader.places[node.name] = 0
        elif node.op == "call_function":
            reader.read(node)
        elif node.op == "output":
            logits = reader.places[node.args[0][0].name]
    if logits != len(reader.operations):  # the last step changes nothing, or something else was computed after it
        reader.operations.append(Operation("same", (logits,), reader.size(logits)))
    linear = [operation.inputs[0] for operation in reader.operations if operation.kind == "linear"]
    return Graph(reader.sizes[0], tuple(reader.operations), linear[-1] if linear else -1)
