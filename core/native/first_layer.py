"""The first layer of a network for grey pictures in one pass: 3 x 3 convolution of one channel, 2 x 2 max pooling and ReLU.

Nine products for a number are too few for a matrix kernel, and what comes out is the largest thing the network computes. Here
each window's four places stay in registers; a byte says which of them won (`core.native.max_pooling`). Sums are float32, what
comes out is rounded once to bfloat16. Memory is channels last.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

from llvmlite import ir

from core.native.machine_code import (
    BYTE,
    FLOAT,
    HALF,
    INDEX,
    all_of,
    counting,
    everywhere,
    from_bfloat16,
    load,
    multiply_add,
    new_function,
    store,
    to_bfloat16,
)
from core.native.max_pooling import CUT, PLACES

LANES = 16  # channels computed at once; their number must be a multiple of it
TAPS = tuple(product(range(3), range(3)))


def first_layer_kernels() -> ir.Module:
    """first_forward(pictures, filters, biases, outputs, winners, N, H, W, C) and first_backward(pictures, gradients of outputs,
    winners, gradients of filters, gradients of biases, N, H, W, C), which adds to the last two.

    pictures (N, H + 2, W + 2) float32 with their padding, filters (9, C) and biases (C,) float32, outputs (N, H // 2, W // 2, C)
    bfloat16, winners the same in bytes.
    """
    module = ir.Module("first_layer")
    for name, body in (("first_forward", _forward), ("first_backward", _backward)):
        code, (*memory, pictures, height, width, channels) = new_function(module, name, 5, 4)
        windows = _windows(code, memory[0], pictures, height, width)
        with windows as (patch, window), counting(code, INDEX(0), channels, LANES) as channel:
            here = code.add(code.mul(window, channels), channel)
            body(code, ir.VectorType(FLOAT, LANES), memory[1:], patch, here, channel, channels)
        code.ret_void()
    return module


@contextmanager
def _windows(code: ir.IRBuilder, memory: Any, pictures: Any, height: Any, width: Any) -> Iterator[tuple[dict, Any]]:
    """For each window the 4 x 4 numbers that it sees, by row and column, and its number."""
    two = INDEX(2)
    rows, columns, line = code.sdiv(height, two), code.sdiv(width, two), code.add(width, two)
    with counting(code, INDEX(0), code.mul(pictures, rows)) as row:
        above = code.add(code.mul(code.sdiv(row, rows), code.add(height, two)), code.mul(code.srem(row, rows), two))
        with counting(code, INDEX(0), columns) as column:
            corner = code.add(code.mul(above, line), code.mul(column, two))
            patch = {
                (down, right): code.load(
                    code.gep(
                        memory,
                        [code.add(corner, code.add(code.mul(line, INDEX(down)), INDEX(right)))],
                        source_etype=FLOAT,
                    ),
                    typ=FLOAT,
                )
                for down, right in product(range(4), range(4))
            }
            yield patch, code.add(code.mul(row, columns), column)


def _forward(code, kind, memory, patch, window, channel, channels) -> None:
    filters, biases, outputs, winners = memory
    sums = [load(code, kind, biases, channel)] * 4
    for tap, (down, right) in enumerate(TAPS):
        weights = load(code, kind, filters, code.add(code.mul(channels, INDEX(tap)), channel))
        for place, (below, beside) in enumerate(PLACES):
            seen = everywhere(code, kind, patch[down + below, right + beside])
            sums[place] = multiply_add(code, seen, weights, sums[place])
    bytes_ = ir.VectorType(BYTE, kind.count)
    largest, winner = sums[0], all_of(bytes_, 0)
    for place in (1, 2, 3):
        larger = code.fcmp_unordered(">", sums[place], largest)  # also true of a NaN
        largest = code.select(larger, sums[place], largest)
        winner = code.select(larger, all_of(bytes_, place), winner)
    kept = code.fcmp_unordered(">", largest, all_of(kind, 0))
    store(code, code.select(kept, winner, all_of(bytes_, CUT)), winners, window)
    store(code, to_bfloat16(code, code.select(kept, largest, all_of(kind, 0))), outputs, window)


def _backward(code, kind, memory, patch, window, channel, channels) -> None:
    gradients, winners, of_filters, of_biases = memory
    gradient = from_bfloat16(code, load(code, ir.VectorType(HALF, kind.count), gradients, window))
    winner = load(code, ir.VectorType(BYTE, kind.count), winners, window)
    chosen = [code.icmp_signed("==", winner, all_of(winner.type, place)) for place in range(len(PLACES))]
    parts = [code.select(each, gradient, all_of(kind, 0)) for each in chosen]
    for tap, (down, right) in enumerate(TAPS):
        place_of_tap = code.add(code.mul(channels, INDEX(tap)), channel)
        total = load(code, kind, of_filters, place_of_tap)
        for part, (below, beside) in zip(parts, PLACES, strict=True):
            total = multiply_add(code, everywhere(code, kind, patch[down + below, right + beside]), part, total)
        store(code, total, of_filters, place_of_tap)
    uncut = code.select(code.icmp_signed("==", winner, all_of(winner.type, CUT)), all_of(kind, 0), gradient)
    store(code, code.fadd(load(code, kind, of_biases, channel), uncut), of_biases, channel)
