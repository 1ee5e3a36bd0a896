"""One step of a training: gradients, clipping, optimizer. On a GPU it is recorded once and played back from then on
(`core.training.recording`), where that gives the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import torch
from torch import nn

from core.machine.memory import KINDS, OutOfMemory, is_out_of_memory, release, said_of, told
from core.training.gradients import BatchTooLarge, Mix, Outcome, add_gradients
from core.training.losses import LossSettings
from core.training.recording import (
    Before,
    Recorder,
    agree,
    is_looked_into,
    make_plain,
    make_recordable,
    set_learning_rate,
)

SMALLER_OPTIMIZER = "choose SGD with momentum 0, which keeps nothing, a smaller network or another device"
WARM_UP = 5  # full batches before a step is recorded: kernels are chosen and the optimizer's state is made in them
CHECKS = (1.0, 0.5, 1.0)  # played steps that are computed too and compared, with this share of the learning rate
Batch = tuple[torch.Tensor, ...]  # what the inputs and labels of a step are made of, on its device
Given = tuple[torch.Tensor, torch.Tensor, Mix | None]  # inputs (n, ...), labels (n,), and of MixUp what is mixed in


class NotRecorded(NamedTuple):
    """Steps are computed kernel by kernel from here on, although the device could play them back."""

    why: str  # within a sentence


def as_given(inputs: torch.Tensor, labels: torch.Tensor) -> Given:
    """A batch that is what the network receives."""
    return inputs, labels, None


class Stepper:
    """Takes steps with one network."""

    def __init__(
        self,
        network: nn.Module,
        loss_of: LossSettings,
        optimizer: torch.optim.Optimizer,
        precision: AbstractContextManager,
        class_weights: torch.Tensor | None = None,
        gradient_clip: float = 0.0,
        recorder: Recorder | None = None,
        images: int = 0,
        make: Callable[..., Given] = as_given,
        add: Callable[..., Outcome] = add_gradients,
        move: Callable[[], object] | None = None,
    ):
        """`recorder` None: every step is handed out kernel by kernel, as on a CPU; else those of batches of so many `images`
        are recorded. `make` makes of a batch what the network receives. `add` adds a batch's gradients, `move` takes the step,
        by default the optimizer's."""
        self._network, self._loss_of, self._optimizer = network, loss_of, optimizer
        self._precision, self._class_weights, self._clip = precision, class_weights, gradient_clip
        self._trained = [weights for weights in network.parameters() if weights.requires_grad]
        self._recorder, self._images, self._make, self._add = recorder, images, make, add
        self._move = move
        self._warmed, self._checked = 0, 0
        self._fixed: Batch = ()  # where a recorded step reads its batch
        self._play: Callable[[], Outcome] | None = None
        self._news: NotRecorded | None = None
        if recorder is not None:
            make_recordable(optimizer, recorder.capturable)

    def __call__(self, batch: Batch, micro_batches: int) -> Outcome:
        """A step with a batch, whose labels are its second part, in so many micro-batches. Raises BatchTooLarge."""
        if micro_batches > 1:  # and from now on
            self._go_without("")
        if self._recorder is None or len(batch[1]) != self._images:
            return self._alone(batch, micro_batches)
        if not self._fixed:
            self._fixed = tuple(part.clone() for part in batch)
        for place, value in zip(self._fixed, batch, strict=True):
            place.copy_(value)
        if self._play is not None:
            return self._play() if self._checked == len(CHECKS) else self._check()
        outcome = self._computed()
        self._warmed += 1
        if self._warmed >= WARM_UP:
            self._record()
        return outcome

    def news(self) -> NotRecorded | None:
        """That steps are not recorded, said once."""
        news, self._news = self._news, None
        return news

    def _alone(self, batch: Batch, micro_batches: int) -> Outcome:
        """Any batch, without a recording in the way."""
        try:
            return self._step(batch, micro_batches)
        except (BatchTooLarge, OutOfMemory):
            if self._play is None:
                raise
        self._go_without("there is no memory for it beside the other steps")
        return self._step(batch, micro_batches)

    def _step(self, batch: Batch, micro_batches: int) -> Outcome:
        is_short = False
        try:
            inputs, labels, mix = self._make(*batch)
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
            (self._move or self._optimizer.step)()
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

    def _computed(self) -> Outcome:
        """A step with the batch that lies in the fixed place, kernel by kernel."""
        assert self._recorder is not None
        return self._recorder.warm(lambda: self._step(self._fixed, 1))

    def _record(self) -> None:
        """From now on batches of this size are played back; where that cannot be, nothing changes."""
        assert self._recorder is not None
        if is_looked_into(self._network):
            self._go_without("something looks into the network while it trains")
            return
        kept = [(module, dict(module._buffers)) for module in self._network.modules()]
        try:
            self._play = self._recorder.record(lambda: self._step(self._fixed, 1))
        except (RuntimeError, AssertionError, TypeError, ValueError) as error:  # CUDA's own and what torch asserts
            self._go_without(f"they could not be recorded ({_first_line(error)})")
        except (BatchTooLarge, OutOfMemory):
            self._go_without("there is no memory for a recording")
        for module, buffers in kept:
            if any(module._buffers[name] is not buffer for name, buffer in buffers.items()):
                module._buffers.update(buffers)  # nothing was computed into the others
                self._go_without("a layer replaces what it keeps in place of writing into it")

    def _check(self) -> Outcome:
        """A step that is played and computed from the same state. What was computed counts; if the other differs, no step is
        played again. Another learning rate must make the same difference in both."""
        assert self._play is not None
        share, exactly = CHECKS[self._checked], torch.are_deterministic_algorithms_enabled()
        self._checked += 1
        rates = [float(group["lr"]) for group in self._optimizer.param_groups]
        before: Before | None = None
        try:
            before = Before(self._network, self._optimizer)
            self._set_rates([rate * share for rate in rates])
            played = self._play(), before.moved()
            before.put_back()
            outcome = self._computed()
            same = agree(played, (outcome, before.moved()), before.length(), exactly)
            if share != 1:
                before.put_back()
                self._set_rates(rates)
                outcome = self._computed()
        except (BatchTooLarge, OutOfMemory, *KINDS) as error:
            if not (isinstance(error, BatchTooLarge | OutOfMemory) or is_out_of_memory(error)):
                raise
            if before is not None:
                before.put_back()
            self._set_rates(rates)
            self._go_without("there is no memory for a recording")
            return self._step(self._fixed, 1)
        if not same:
            self._go_without("a recorded step did not do what the same step does when it is computed anew")
        return outcome

    def _set_rates(self, rates: list[float]) -> None:
        for group, rate in zip(self._optimizer.param_groups, rates, strict=True):
            set_learning_rate(group, rate)

    def _go_without(self, why: str) -> None:
        """Gives the recording and its memory back."""
        if self._recorder is None:
            return
        self._recorder = self._play = None
        self._forget_gradients()
        make_plain(self._optimizer)
        if why:
            self._news = NotRecorded(why)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:160].rstrip(".:;")
