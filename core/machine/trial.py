"""Whether torch can really compute on a device: that it sees one is no proof, as a GPU may be older or newer than what this torch
was built for."""

from __future__ import annotations

import functools

from core.machine.memory import is_out_of_memory

LETTERS = 160  # of what torch says that are told


@functools.cache
def problem_on(device: str) -> str:
    """Why torch cannot compute on a device, in torch's own words; "" when it can.

    Tries a small convolution and its gradient, once in the life of a process, which has a context on that GPU from then on. A
    GPU whose memory is full can compute. No random number is drawn.
    """
    import torch

    try:
        images = torch.ones(2, 3, 8, 8, device=device)
        weights = torch.ones(4, 3, 3, 3, device=device, requires_grad=True)
        loss = torch.nn.functional.conv2d(images, weights).relu().mean()
        loss.backward()
        assert weights.grad is not None
        weights.grad.sum().item()  # waits for it: what fails on a GPU fails later
    except Exception as error:
        return "" if is_out_of_memory(error) else _first_line(error)
    return ""


def _first_line(error: Exception) -> str:
    said = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    return said[:LETTERS].rstrip(". ")
