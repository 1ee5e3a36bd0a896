"""SGD with momentum in one pass, which also rounds the weights to bfloat16 for the next step."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from core.native.machine_code import (
    FLOAT,
    HALF,
    INDEX,
    POINTER,
    counting,
    everywhere,
    from_bfloat16,
    load,
    multiply_add,
    new_function,
    number,
    store,
    to_bfloat16,
)

LANES = (16, 8, 1)  # weights moved at once: as many as fit, then fewer


def momentum_kernels() -> ir.Module:
    """move_16(parts, n), of layers with bfloat16 gradients, and move_32, which reads float32 gradients and writes no copies.

    parts (n, 6) int64: of each the addresses of weights, momentum, gradients, copies and rates, and how many weights. Weights
    and momentum are float32 and changed in place, copies bfloat16, rates: learning rate, momentum, weight decay, and 1 for
    Nesterov's, else 0, float32. Rounded in the places where torch's fused SGD rounds.
    """
    module = ir.Module("momentum")
    for bits in (16, 32):
        code, (parts, count) = new_function(module, f"move_{bits}", 1, 1)
        with counting(code, INDEX(0), count) as part:
            numbers = [
                number(code, INDEX, parts, code.add(code.mul(part, INDEX(6)), INDEX(place))) for place in range(6)
            ]
            _move(code, [code.inttoptr(each, POINTER) for each in numbers[:5]], numbers[5], bits)
        code.ret_void()
    return module


def _move(code: ir.IRBuilder, memory: list[Any], count: Any, bits: int) -> None:
    weights, momentum, gradients, copies, rates = memory
    numbers = [number(code, FLOAT, rates, INDEX(place)) for place in range(4)]
    looks_ahead, place = code.fcmp_ordered("!=", numbers[3], FLOAT(0)), INDEX(0)
    for lanes in LANES:
        kind = ir.VectorType(FLOAT, lanes)
        rate, share, decay = (everywhere(code, kind, each) for each in numbers[:3])
        with counting(code, place, count, lanes) as place:
            weight, kept = (load(code, kind, memory, place) for memory in (weights, momentum))
            if bits == 32:
                gradient = load(code, kind, gradients, place)
            else:
                gradient = from_bfloat16(code, load(code, ir.VectorType(HALF, lanes), gradients, place))
            gradient = multiply_add(code, weight, decay, gradient)
            # torch's compiler joins the two for what its vectors of 8 leave over
            joined, apart = multiply_add(code, kept, share, gradient), code.fadd(code.fmul(kept, share), gradient)
            kept = joined if lanes == 1 else apart
            store(code, kept, momentum, place)
            step = code.select(looks_ahead, multiply_add(code, kept, share, gradient), kept)
            weight = multiply_add(code, code.fneg(step), rate, weight)
            store(code, weight, weights, place)
            if bits == 16:
                store(code, to_bfloat16(code, weight), copies, place)
