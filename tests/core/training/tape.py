"""What a CUDA graph does with a step, on a CPU: every operation is recorded with the very tensors and Python numbers that it was
called with, and played back on the same places in memory. What Python computed in between is in the recording for good, as it is
on a GPU: a learning rate that is a number, a tensor that is replaced instead of written, a number that Python drew.
"""

import importlib

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

CPU_DRAWS = torch.default_generator
WAITING = (  # a GPU is waited for by whoever asks for these: values, or sizes that depend on values
    "_local_scalar_dense", "item", "nonzero", "bincount", "masked_select", "_unique2", "equal", "is_nonzero", "unique_dim",
    "repeat_interleave.Tensor", "histc", "multinomial",
)  # fmt: skip
NOT_PERMITTED = "operation not permitted when stream is capturing"


def waits(operation):
    """Whether a GPU would have to be waited for."""
    name = str(operation).removeprefix("aten.")
    return any(name == each or name.split(".")[0] == each for each in WAITING)


class Tape(TorchDispatchMode):
    """Notes operations while it is entered."""

    def __init__(self):
        super().__init__()
        self.notes, self._before = [], []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        generator = kwargs.get("generator")
        if waits(operation) or (generator is not None and generator is not CPU_DRAWS):
            raise RuntimeError(f"CUDA error: {NOT_PERMITTED} ({operation})")
        written = list(written_by(operation, args, kwargs))
        self._before += [(each, each.detach().clone()) for each in written]
        made = operation(*args, **kwargs)
        if not is_view(operation):
            self.notes.append(
                (operation, args, kwargs, [each for each in leaves(made) if not any(each is w for w in written)])
            )
        return made

    def undo(self):
        """What was noted has not been carried out."""
        for tensor, before in reversed(self._before):
            tensor.copy_(before)
        self._before.clear()

    def play(self):
        for operation, args, kwargs, places in self.notes:
            made = leaves(operation(*args, **kwargs))
            for place, value in zip(places, made[len(made) - len(places) :], strict=True):
                place.copy_(value)


def leaves(value):
    return [each for each in torch.utils._pytree.tree_leaves(value) if torch.is_tensor(each)]


def written_by(operation, args, kwargs):
    for position, argument in enumerate(operation._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            given = args[position] if position < len(args) else kwargs.get(argument.name)
            yield from leaves(given)
    if operation is torch.ops.aten.native_batch_norm.default:  # which does not say that it moves its running statistics
        yield from leaves(args[3:5])


def is_view(operation):
    """Whether it gives a place in memory that was there, without writing."""
    arguments, returns = operation._schema.arguments, operation._schema.returns
    shares = any(each.alias_info is not None and not each.alias_info.is_write for each in (*arguments, *returns))
    return shares and not any(each.alias_info is not None and each.alias_info.is_write for each in arguments)


class Twin:
    """Records steps on a CPU as a GPU does."""

    capturable = True

    def __init__(self):
        self.warmed = self.played = 0
        self.tape = None

    def warm(self, call):
        self.warmed += 1
        return call()

    def record(self, call):
        tape, drawn = Tape(), torch.get_rng_state()
        try:
            with tape:
                outcome = call()
        finally:
            with torch.no_grad():
                tape.undo()
            torch.set_rng_state(drawn)

        def play():
            self.played += 1
            with torch.no_grad():
                tape.play()
            return outcome[0].clone(), outcome[1].clone()

        return play


@pytest.fixture
def recording_cpu(monkeypatch):
    """torch's optimizers take a CPU for a device that records, and compute in the way that they do on a GPU."""
    monkeypatch.setattr(
        "core.training.fast_layers.speed_up_pooling", lambda model: None
    )  # machine code is no operation of torch
    monkeypatch.setattr("core.training.fast_layers.speed_up_first_layer", lambda model: None)
    monkeypatch.setattr("core.training.batches.picks_natively", lambda *_: False)
    for module in map(importlib.import_module, ("torch.optim.optimizer", "torch.optim.adam", "torch.optim.rmsprop")):
        monkeypatch.setattr(module, "_get_capturable_supported_devices", lambda *_, **__: ["cpu"])
    of_all = importlib.import_module("torch.optim.optimizer")
    monkeypatch.setattr(of_all, "_get_foreach_kernels_supported_devices", lambda: ["cpu"])
