"""Pictures picked out of a matrix of bytes, converted and normalised in one pass.

The rows lie anywhere in memory: those to come are asked for while the ones before are computed.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from core.native.machine_code import (
    BYTE,
    FLOAT,
    INDEX,
    POINTER,
    WHOLE,
    counting,
    intrinsic,
    load,
    multiply_add,
    new_function,
    number,
    store,
    to_bfloat16,
)

LANES = 16  # pixels computed at once, those at the end of a row one by one
AHEAD = 4  # rows


def picking_kernels() -> ir.Module:
    """pick_16 and pick_32(pixels, rows, scales, offsets, inputs, n, size): inputs = pixels[rows] * scales + offsets.

    pixels (N, size) bytes, rows (n,) int64, scales and offsets (size,) float32, inputs (n, size) bfloat16 or float32.
    """
    module = ir.Module("picking")
    for bits in (16, 32):
        code, (pixels, rows, scales, offsets, inputs, count, size) = new_function(module, f"pick_{bits}", 5, 2)
        last = code.sub(count, INDEX(1))
        with counting(code, INDEX(0), count) as image:
            row = code.mul(number(code, INDEX, rows, image), size)
            later = code.add(image, INDEX(AHEAD))
            later = code.select(code.icmp_signed("<", later, last), later, last)
            later = code.mul(number(code, INDEX, rows, later), size)
            to, place = code.mul(image, size), INDEX(0)
            for lanes in (LANES, 1):
                with counting(code, place, size, lanes) as place:
                    _ask_for(code, code.gep(pixels, [code.add(later, place)], source_etype=BYTE))
                    kind = ir.VectorType(FLOAT, lanes)
                    seen = code.uitofp(load(code, ir.VectorType(BYTE, lanes), pixels, code.add(row, place)), kind)
                    scale, offset = load(code, kind, scales, place), load(code, kind, offsets, place)
                    value = multiply_add(code, seen, scale, offset)
                    store(code, value if bits == 32 else to_bfloat16(code, value), inputs, code.add(to, place))
        code.ret_void()
    return module


def _ask_for(code: ir.IRBuilder, address: Any) -> None:
    """To be read soon, into all caches."""
    prefetch = intrinsic(code, "llvm.prefetch.p0", ir.VoidType(), [POINTER, *[WHOLE] * 3])
    code.call(prefetch, [address, WHOLE(0), WHOLE(3), WHOLE(1)])
