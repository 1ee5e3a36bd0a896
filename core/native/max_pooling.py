"""Max pooling over 2 x 2 places and ReLU in one pass, and the gradients of both in another.

torch keeps an int64 for each window, fills the gradients with zeros and scatters into them: of a small network's training step
that is a quarter. Here a byte says which of its four places was a window's largest, or that ReLU cut it, and every gradient is
written once.

Numbers are compared as whole numbers of their bits, which is right for those that are not negative; any negative one becomes 0.
A NaN counts as larger than all else, its sign aside. Memory is channels last: (N, H, W, C).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from core.native.machine_code import BYTE, INDEX, all_of, counting, load, new_function, store

WIDTHS = (64, 32, 16, 2)  # bytes of the channels that are computed at once: as many as fit, then fewer
CUT = 4  # the byte of a window whose largest is not above 0
PLACES = (
    (0, 0),
    (0, 1),
    (1, 0),
    (1, 1),
)  # row and column of a window's places, in torch's order: the first of equals wins


def pooling_kernels() -> ir.Module:
    """forward_B(inputs, outputs, winners, ...) and backward_B(gradients of outputs, winners, gradients of inputs, ...) for
    numbers of B bits, 16 (bfloat16) or 32 (float32).

    ... are the first window row and the one after the last of N * (H // 2), then H, W and C. Rows and columns that no window
    sees get no gradient: they must be 0 before.
    """
    module = ir.Module("max_pooling")
    for bits in (16, 32):
        for name, body in (("forward", _forward), ("backward", _backward)):
            _write(module, f"{name}_{bits}", ir.IntType(bits), body)
    return module


def _write(module: ir.Module, name: str, number: ir.IntType, body: Callable[..., None]) -> None:
    code, (*memory, start, end, height, width, channels) = new_function(module, name, 3, 5)
    line, two = code.mul(width, channels), INDEX(2)  # numbers in a row of the picture
    rows, columns = code.sdiv(height, two), code.sdiv(width, two)
    with counting(code, start, end) as row:
        above = code.add(
            code.mul(code.sdiv(row, rows), height), code.mul(code.srem(row, rows), two)
        )  # row of the picture
        with counting(code, INDEX(0), columns) as column:
            window = code.mul(code.add(code.mul(row, columns), column), channels)
            corner = code.add(code.mul(above, line), code.mul(code.mul(column, two), channels))
            places = [
                code.add(corner, code.add(code.mul(line, INDEX(down)), code.mul(channels, INDEX(right))))
                for down, right in PLACES
            ]
            channel: Any = INDEX(0)
            for lanes in dict.fromkeys(max(1, width * 8 // number.width) for width in WIDTHS):
                with counting(code, channel, channels, lanes) as channel:
                    here = [code.add(place, channel) for place in places]
                    body(code, ir.VectorType(number, lanes), memory, here, code.add(window, channel))
    code.ret_void()


def _forward(code: ir.IRBuilder, kind: ir.VectorType, memory: list[Any], places: list[Any], window: Any) -> None:
    inputs, outputs, winners = memory
    values = [_without_sign_of_nan(code, kind, load(code, kind, inputs, place)) for place in places]
    largest, winner = values[0], all_of(kind, 0)
    for place, value in enumerate(values[1:], start=1):
        larger = code.icmp_signed(">", value, largest)
        largest, winner = code.select(larger, value, largest), code.select(larger, all_of(kind, place), winner)
    kept = code.icmp_signed(">", largest, all_of(kind, 0))
    store(code, code.select(kept, largest, all_of(kind, 0)), outputs, window)
    winner = code.select(kept, winner, all_of(kind, CUT))
    store(code, code.trunc(winner, ir.VectorType(BYTE, kind.count)), winners, window)


def _backward(code: ir.IRBuilder, kind: ir.VectorType, memory: list[Any], places: list[Any], window: Any) -> None:
    of_outputs, winners, of_inputs = memory
    gradient, winner = (
        load(code, kind, of_outputs, window),
        load(code, ir.VectorType(BYTE, kind.count), winners, window),
    )
    for number, place in enumerate(places):
        chosen = code.icmp_signed("==", winner, all_of(winner.type, number))
        store(code, code.select(chosen, gradient, all_of(kind, 0)), of_inputs, place)


def _without_sign_of_nan(code: ir.IRBuilder, kind: ir.VectorType, value: Any) -> Any:
    bits = kind.element.width
    infinity = 0xFF << (bits - 9)  # bfloat16 and float32 have eight bits of exponent
    is_nan = code.icmp_unsigned(">", value, all_of(kind, infinity | 1 << (bits - 1)))  # and negative
    return code.select(is_nan, code.and_(value, all_of(kind, (1 << (bits - 1)) - 1)), value)
