"""One step of a training: gradients, clipping, optimizer. On a GPU it can be recorded once and played back from then on.

The networks here are small: a GPU has done a step's arithmetic long before Python and PyTorch have handed out its hundred
kernels one by one. A CUDA graph hands out all of them at once (https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import nn

from core.machine.memory import KINDS, OutOfMemory, is_out_of_memory, release, said_of, told
from core.training.gradients import BatchTooLarge, Mix, Outcome, add_gradients
from core.training.losses import LossSettings

SMALLER_OPTIMIZER = "choose SGD with momentum 0, which keeps nothing, a smaller network or another device"
WARM_UP = 5  # full batches before a step is recorded: kernels are chosen and the optimizer's state is made in them


class CudaRecorder:
    """CUDA graphs. Warm-up and recording share a stream of their own, or the gradients' nodes would wait for another."""

    capturable = True  # torch's optimizers must be told that they are recorded

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
        """Records what the call does with the tensors it uses, without carrying it out; the result does it anew each time.

        Raises RuntimeError when it cannot be recorded.
        """
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self._stream):
            outcome = call()

        def play() -> Outcome:
            graph.replay()
            return outcome[0].clone(), outcome[1].clone()  # the next one writes over them

        return play


class Stepper:
    """Takes steps with one network: of inputs (n, ...), labels (n,), the mix of MixUp or None, in so many micro-batches."""

    def __init__(
        self,
        network: nn.Module,
        loss_of: LossSettings,
        optimizer: torch.optim.Optimizer,
        precision: AbstractContextManager,
        class_weights: torch.Tensor | None = None,
        gradient_clip: float = 0.0,
        recorder: CudaRecorder | None = None,
        add: Callable[..., Outcome] = add_gradients,
    ):
        """`recorder` None: every step is handed out kernel by kernel, as on a CPU. `add` adds a batch's gradients."""
        self._network, self._loss_of, self._optimizer = network, loss_of, optimizer
        self._precision, self._class_weights, self._clip = precision, class_weights, gradient_clip
        self._trained = [weights for weights in network.parameters() if weights.requires_grad]
        self._recorder, self._add = recorder, add
        self._warmed = 0
        self._shape: torch.Size | None = None  # of the inputs that are recorded
        self._fixed: list[torch.Tensor] = []  # inputs, labels, and of MixUp the other labels and the share
        self._play: Callable[[], Outcome] | None = None

    def __call__(self, inputs: torch.Tensor, labels: torch.Tensor, mix: Mix | None, micro_batches: int) -> Outcome:
        """Raises BatchTooLarge."""
        if self._play is not None and micro_batches == 1 and inputs.shape == self._shape:
            for place, value in zip(self._fixed, (inputs, labels, *(mix or ())), strict=True):
                place.copy_(value) if isinstance(value, torch.Tensor) else place.fill_(value)
            return self._play()
        if self._recorder is None or micro_batches > 1 or (self._shape is not None and inputs.shape != self._shape):
            return self._step(inputs, labels, mix, micro_batches)
        self._shape = inputs.shape
        self._warmed += 1
        outcome = self._recorder.warm(lambda: self._step(inputs, labels, mix, micro_batches))
        if self._warmed >= WARM_UP:
            self._record(inputs, labels, mix)
        return outcome

    def _step(self, inputs: torch.Tensor, labels: torch.Tensor, mix: Mix | None, micro_batches: int) -> Outcome:
        is_short = False
        try:
            loss, logits = self._add(
                self._network, self._loss_of, inputs, labels, mix, micro_batches, self._precision, self._class_weights
            )
            if self._clip:
                nn.utils.clip_grad_norm_(self._trained, self._clip)
        except KINDS as error:
            if not is_out_of_memory(error):
                raise
            is_short = True
        if is_short:  # told here, where no error keeps alive what was computed
            self._forget_gradients()
            raise BatchTooLarge
        self._update()
        self._forget_gradients()
        return loss, logits

    def _update(self) -> None:
        """Moves the weights. An optimizer whose state is made in this step and does not fit gets a second try with all the
        memory that can be given back. Raises OutOfMemory."""
        is_fresh = not self._optimizer.state
        before = self._versions() if is_fresh else []
        is_short = False
        try:
            self._optimizer.step()
        except KINDS as error:
            if not is_out_of_memory(error):
                raise
            is_short = True
        if is_short:
            weights = sum(each.numel() for each in self._trained)
            device = self._trained[0].device
            what = f"There is not enough memory for what {type(self._optimizer).__name__} keeps of {weights:,} weights"
            with told(lambda: OutOfMemory(what + said_of(device), SMALLER_OPTIMIZER)):
                if not is_fresh or before != self._versions():
                    raise MemoryError  # something has moved already, so it cannot be done again
                self._optimizer.state.clear()  # half of it was made
                release(device)
                self._optimizer.step()

    def _versions(self) -> list[int]:
        """How often each weight was changed."""
        return [weights._version for weights in self._trained]

    def _forget_gradients(self) -> None:
        for weights in self._trained:
            weights.grad = None

    def _record(self, inputs: torch.Tensor, labels: torch.Tensor, mix: Mix | None) -> None:
        """From now on batches like this one are played back; where that cannot be, nothing changes."""
        assert self._recorder is not None
        device = inputs.device
        inputs, labels = inputs.clone(), labels.clone()
        self._fixed = [inputs, labels]
        if mix is not None:
            mix = mix[0].clone(), torch.tensor(mix[1], device=device)  # type: ignore[assignment]
            self._fixed += mix
        before = [(group["lr"], group.get("capturable")) for group in self._optimizer.param_groups]
        for group in self._optimizer.param_groups:
            group["lr"] = torch.tensor(float(group["lr"]), device=device)  # a number would be recorded for good
            if "capturable" in group:
                group["capturable"] = self._recorder.capturable
        try:
            self._play = self._recorder.record(lambda: self._step(inputs, labels, mix, 1))
        except (RuntimeError, BatchTooLarge) as error:
            print(f"Steps are not recorded as a CUDA graph: {error}", file=sys.stderr)
            self._recorder, self._fixed = None, []
            self._forget_gradients()
            for group, (learning_rate, capturable) in zip(self._optimizer.param_groups, before, strict=True):
                group["lr"] = learning_rate
                if capturable is not None:
                    group["capturable"] = capturable


def recorder_for(device: torch.device) -> CudaRecorder | None:
    """What records steps on a device; None where nothing is gained, and until TRAINDESK_GRAPHS=1 asks for it: no card has
    been measured with it yet (`python -m benchmarks.gpu`)."""
    if device.type != "cuda" or os.environ.get("TRAINDESK_GRAPHS") != "1":
        return None
    return CudaRecorder(device)


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
