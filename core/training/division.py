"""Dividing each batch over several ranks (`core.machine.ranks`): every rank has the same network and makes the same batch,
computes its own rows of it, and the gradients are added up, so that all take the very step that one device would take.

The ranks' losses count by their rows: the mean is that of the whole batch also where rows cannot be shared out evenly, and a rank
may have none. The logits of all rows come together on every rank, from which the loss is measured as on one device.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from core.machine.memory import KINDS, OutOfMemory, is_out_of_memory, release, told
from core.machine.ranks import Ranks
from core.training.gradients import BatchTooLarge, Mix, Outcome, loss_of_logits, smaller_batch
from core.training.losses import LossSettings
from core.training.whole_batch import OwnRows, see_whole_batch

BUFFERS = "forward_sync_buffers"  # its name since torch 2.14
if BUFFERS not in inspect.signature(DistributedDataParallel).parameters:
    BUFFERS = "broadcast_buffers"


class Division:
    """The part of one rank in the gradients of each batch."""

    def __init__(self, network: nn.Module, ranks: Ranks):
        """All ranks begin with the weights of rank 0. The network looks at whole batches from now on."""
        self._network, self._ranks, self._own = network, ranks, OwnRows(ranks)
        see_whole_batch(network, self._own)
        device = next(network.parameters()).device
        self._together = DistributedDataParallel(
            network,
            device_ids=[device.index] if device.type == "cuda" else None,
            process_group=ranks.group,
            **{BUFFERS: False},  # batch norm's are the same everywhere
        )
        self._rehearsed = 0  # images at a time that are known to fit into the memory

    def add_gradients(
        self,
        network: nn.Module,
        loss_of: LossSettings,
        inputs: torch.Tensor,
        labels: torch.Tensor,
        mix: Mix | None,
        micro_batches: int,
        precision: AbstractContextManager,
        class_weights: torch.Tensor | None = None,
    ) -> Outcome:
        """As `core.training.gradients.add_gradients`, of the whole batch on every rank. Raises BatchTooLarge, on all ranks
        alike; OutOfMemory when one of them alone runs out of memory."""
        parts = torch.arange(len(labels)).tensor_split(min(micro_batches, len(labels)))

        def own_loss(
            through: nn.Module, part: torch.Tensor, fewest: int = 0
        ) -> tuple[torch.Tensor, torch.Tensor, slice]:
            first, own = int(part[0]), self._own.take(len(part))
            rows = slice(first + own.start, first + max(own.stop, own.start + fewest))
            with precision:
                logits = through(inputs[rows])
            if logits.shape[0] == 0:
                return logits.float().sum() * 0, logits, rows
            others = (mix[0][rows], mix[1]) if mix else None
            loss = loss_of_logits(loss_of, logits, labels[rows], others, class_weights)
            return loss * (logits.shape[0] * self._ranks.size / len(labels)), logits, rows

        self._rehearse(len(parts[0]), lambda: own_loss(self._network, parts[0], 2)[0].backward())
        whole: torch.Tensor | None = None
        with told(lambda: self._short(len(labels))):
            for number, part in enumerate(parts, 1):
                is_last = number == len(parts)
                with contextlib.nullcontext() if is_last else self._together.no_sync():
                    loss, logits, rows = own_loss(self._together, part)
                    loss.backward()  # DistributedDataParallel takes the mean over the ranks
                if whole is None:
                    whole = torch.zeros((len(labels), logits.shape[1]), device=labels.device)
                whole[rows] = logits.detach().float()
        assert whole is not None, "a batch is never empty"
        self._ranks.add(whole)
        with torch.no_grad():
            return loss_of_logits(loss_of, whole, labels, mix, class_weights), whole

    def _rehearse(self, images: int, backward: Callable[[], None]) -> None:
        """Computes so many images once without the others, which leaves no trace: a rank whose memory is short in the middle of
        a common step would leave the others waiting. Raises BatchTooLarge on all ranks when it is on one."""
        if images <= self._rehearsed:
            return
        device = next(self._network.parameters()).device
        random = torch.get_rng_state()
        random_cuda = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
        buffers = [(buffer, buffer.clone()) for buffer in self._network.buffers()]
        is_short, self._own.alone = False, True
        try:
            backward()
        except KINDS as error:
            if not is_out_of_memory(error):
                raise
            is_short = True
        finally:
            self._own.alone = False
            for weights in self._network.parameters():
                weights.grad = None
            for buffer, before in buffers:
                buffer.copy_(before)
            torch.set_rng_state(random)
            if random_cuda is not None:
                torch.cuda.set_rng_state(random_cuda, device)
        if any(self._ranks.gathered(is_short)):
            release(device)
            raise BatchTooLarge
        self._rehearsed = images

    def _short(self, images: int) -> OutOfMemory:
        ranks = self._ranks
        ways, remedy = smaller_batch(images)
        what = f"Device {ranks.rank + 1} of {ranks.size} ran out of memory in the middle of a step of {images:,} images"
        return OutOfMemory(what, f"{ways}, or end what else uses that device", remedy)
