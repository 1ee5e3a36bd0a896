"""What a step needs to be recorded once on a GPU and played back: the recorder, an optimizer that reads its learning rate from
the device, and how a played step is compared with one that was computed kernel by kernel.

The networks here are small: a GPU has done a step's arithmetic long before Python and PyTorch have handed out its hundred
kernels one by one. A CUDA graph hands out all of them at once (https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs).
What Python computes while it is recorded, numbers and decisions, is in it for good; what lies in tensors is read anew each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import nn

from core.training.gradients import Outcome

LOSS_OFF = {torch.float32: 1e-4, torch.bfloat16: 1e-2}  # how far a played step's loss may be off, as a share of it
MOVE_OFF = 0.1  # how far weights may end beside those of the other step, as a share of the way that they went


class Recorder(Protocol):
    """Records a call with all that it does on a device. `warm` comes before: some calls are carried out with it."""

    capturable: bool  # is to be set in torch's optimizers

    def warm(self, call: Callable[[], Outcome]) -> Outcome:
        """Carries the call out and gives what it returns."""

    def record(self, call: Callable[[], Outcome]) -> Callable[[], Outcome]:
        """What does all of it again, with what its tensors hold by then."""


class CudaRecorder:
    """CUDA graphs. Warm-up and recording share a stream of their own, or the gradients' nodes would wait for another."""

    capturable = True

    def __init__(self, device: torch.device):
        self._stream = torch.cuda.Stream(device)

    def warm(self, call: Callable[[], Outcome]) -> Outcome:
        """Carries the call out, as one that will be recorded must be before."""
        computing = torch.cuda.current_stream(self._stream.device)
        self._stream.wait_stream(computing)
        with torch.cuda.stream(self._stream):
            outcome = call()
        computing.wait_stream(self._stream)
        for each in outcome:
            each.record_stream(computing)
        return outcome

    def record(self, call: Callable[[], Outcome]) -> Callable[[], Outcome]:
        """Records what the call does with the tensors it uses, without carrying it out; the result does it anew each time, with
        the next random numbers of the device's own generator.

        Raises RuntimeError when it cannot be recorded, as where it waits for the device or draws from a generator that was
        not registered with the graph.
        """
        graph = torch.cuda.CUDAGraph()
        # other threads, which load pictures and write checkpoints, may go on with what the recording one must not do
        with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
            outcome = call()

        def play() -> Outcome:
            graph.replay()
            return outcome[0].clone(), outcome[1].clone()  # the next one writes over them

        return play


def recorder_for(device: torch.device) -> Recorder | None:
    """What records steps on a device; None where it has no such thing, and where TRAINDESK_GRAPHS=0 is set."""
    if device.type != "cuda" or os.environ.get("TRAINDESK_GRAPHS") == "0":
        return None
    return CudaRecorder(device)


def make_recordable(optimizer: torch.optim.Optimizer, capturable: bool) -> None:
    """Has an optimizer read from its device what it would read from Python: learning rates and the count of its steps."""
    device = _device_of(optimizer)
    for group in optimizer.param_groups:
        group["lr"] = torch.tensor(float(group["lr"]), device=device)
        if "capturable" in group:
            group["capturable"] = capturable
    _put_counts(optimizer, device)


def make_plain(optimizer: torch.optim.Optimizer) -> None:
    """Undoes `make_recordable`."""
    for group in optimizer.param_groups:
        group["lr"] = float(group["lr"])
        if "capturable" in group:
            group["capturable"] = False
        if not group.get("fused"):
            _put_counts(optimizer, torch.device("cpu"), group)


def _put_counts(optimizer: torch.optim.Optimizer, device: torch.device, only: dict[str, Any] | None = None) -> None:
    """The counts of steps, which torch's optimizers keep on the CPU where nothing is recorded."""
    for group in optimizer.param_groups if only is None else [only]:
        for weights in group["params"]:
            state = optimizer.state.get(weights, {})
            if torch.is_tensor(state.get("step")):
                state["step"] = state["step"].to(device)


def _device_of(optimizer: torch.optim.Optimizer) -> torch.device:
    return optimizer.param_groups[0]["params"][0].device


def set_learning_rate(group: dict[str, Any], learning_rate: float) -> None:
    """Of one of an optimizer's groups; a recorded step reads it from where it lies."""
    if isinstance(group["lr"], torch.Tensor):
        group["lr"].fill_(learning_rate)
    else:
        group["lr"] = learning_rate


def plain_state(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """An optimizer's state as it is without recorded steps, to be loaded on any device."""
    state = optimizer.state_dict()
    groups = [
        {key: float(value) if key == "lr" else False if key == "capturable" else value for key, value in group.items()}
        for group in state["param_groups"]
    ]
    return {**state, "param_groups": groups}


def is_looked_into(network: nn.Module) -> bool:
    """Whether something is called whenever a layer computes, which a recorded step would call once."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(getattr(module, kind) for module in network.modules() for kind in hooks)


class Before:
    """All that a step changes, as it was: to take the same step twice."""

    def __init__(self, network: nn.Module, optimizer: torch.optim.Optimizer):
        self.weights = [each.detach() for each in (*network.parameters(), *network.buffers())]
        kept = [value for state in optimizer.state.values() for value in state.values() if torch.is_tensor(value)]
        self._places = [*self.weights, *kept]
        self._values = [each.clone() for each in self._places]
        self._device = self.weights[0].device
        self._random = self._drawn()

    def put_back(self) -> None:
        """Into the same tensors, which a recorded step reads."""
        for place, value in zip(self._places, self._values, strict=True):
            place.copy_(value)
        torch.set_rng_state(self._random[0])
        if self._random[1] is not None:
            torch.cuda.set_rng_state(self._random[1], self._device)

    def moved(self) -> list[torch.Tensor]:
        """How far weights and running statistics have gone from here, float tensors."""
        values = zip(self.weights, self._values, strict=False)
        return [now - then for now, then in values if now.is_floating_point()]

    def length(self) -> torch.Tensor:
        """That of all of them together, ()."""
        return _length([value for value in self._values[: len(self.weights)] if value.is_floating_point()])

    def _drawn(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        on_gpu = torch.cuda.get_rng_state(self._device) if self._device.type == "cuda" else None
        return torch.get_rng_state(), on_gpu


def _length(values: list[torch.Tensor]) -> torch.Tensor:
    return torch.stack([value.float().norm() for value in values]).norm()


def agree(
    played: tuple[Outcome, list[torch.Tensor]],
    computed: tuple[Outcome, list[torch.Tensor]],
    length: torch.Tensor,
    exactly: bool = False,
) -> bool:
    """Whether two tries of one step did the same: their outcomes, and how far they moved weights of this length. Reads them from
    the device once. `exactly`: to the last bit. A loss that is no number agrees with another."""
    (loss, logits), (other_loss, other_logits) = played[0], computed[0]
    beside = [one - other for one, other in zip(played[1], computed[1], strict=True)]
    numbers = [loss, other_loss, (logits - other_logits).abs().max(), other_logits.abs().max()]
    off, way, whole, *of_outcome = torch.stack(
        [_length(beside), _length(computed[1]), length, *map(_float, numbers)]
    ).tolist()
    one, other, logits_off, largest = of_outcome
    if other != other:
        return one != one
    if exactly:
        return one == other and logits_off == 0 and off == 0
    share = LOSS_OFF.get(logits.dtype, LOSS_OFF[torch.bfloat16])
    is_near = abs(one - other) <= share * max(abs(other), 1.0) and logits_off <= 10 * share * max(largest, 1.0)
    return is_near and off <= MOVE_OFF * way + 1e-6 * whole


def _float(value: torch.Tensor) -> torch.Tensor:
    return value.float()
