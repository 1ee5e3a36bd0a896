"""SGD with momentum in one pass, which also rounds the weights to bfloat16 for the next step."""

from __future__ import annotations

from llvmlite import ir

from core.native.machine_code import (
    FLOAT,
    HALF,
    INDEX,
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
    """move_16(weights, momentum, gradients, copies, rates, n, nesterov) and move_32, which reads float32 gradients and leaves
    the copies alone.

    weights and momentum (n,) float32 are changed in place, gradients and copies (n,) bfloat16, rates: learning rate, momentum
    and weight decay, float32; nesterov 0 or 1. Rounded in the places where torch's fused SGD rounds.
    """
    module = ir.Module("momentum")
    for bits in (16, 32):
        code, (weights, momentum, gradients, copies, rates, count, nesterov) = new_function(
            module, f"move_{bits}", 5, 2
        )
        numbers = [number(code, FLOAT, rates, INDEX(place)) for place in range(3)]
        looks_ahead, place = code.icmp_signed("!=", nesterov, INDEX(0)), INDEX(0)
        for lanes in LANES:
            kind = ir.VectorType(FLOAT, lanes)
            rate, share, decay = (everywhere(code, kind, each) for each in numbers)
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
        code.ret_void()
    return module
