"""The last layer of a network with its loss, forward and back, in one call, and ReLU's gradient with the bias's in another.

torch takes a dozen operations for the first, each over a few thousand numbers: a tenth of a small network's step is their
beginning and ending. Here the weights lie so that a vector holds all classes of one picture, and the exponential is a polynomial.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from llvmlite import ir

from core.native.machine_code import (
    FLOAT,
    HALF,
    INDEX,
    WHOLE,
    all_of,
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

CLASSES = 16  # a vector of them, of which so many as there are count
LANES = (16, 8, 1)  # features computed at once: as many as fit, then fewer
ROWS = (8, 1)  # pictures at once, whose sums stay in registers
GROUPS = (10, 4, 1)  # classes at once
KIND = ir.VectorType(FLOAT, CLASSES)
SMALLEST = -87.0  # of what the exponential is taken: below, float32 has no whole precision
POLYNOMIAL = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
TO_WHOLE = 12_582_912.0  # 1.5 * 2 ** 23: added to a number it leaves its whole part in the last bits


class _Sizes(NamedTuple):
    """What the kernel is told at each call: how many pictures, features and classes."""

    count: Any
    size: Any
    classes: Any


def dense_kernels() -> ir.Module:
    """last_layer(inputs, weights, bias, labels, logits, loss, of weights, of bias, of inputs, space, n, F, C) and
    cut(gradients, outputs, sums, n, F).

    `last_layer`: inputs (n, F) bfloat16, weights (C, F) and bias (C,) float32, C up to CLASSES, labels (n,) int64 below C. It
    writes logits (n, C), the mean cross-entropy (1,) and that one's gradients: of weights and bias float32, of inputs bfloat16.
    `space`: 24 * F + 16 * (n + 2) float32 to compute in, zeros at first.

    `cut`: gradients (n, F) bfloat16 of what ReLU gave as outputs (n, F) become 0 where that is 0; their sums (F,) are rounded
    once.
    """
    module = ir.Module("dense")
    _write_last_layer(module)
    code, (gradients, outputs, sums, count, size) = new_function(module, "cut", 3, 2)
    for kind, place in _features(code, size):
        bits, total = ir.VectorType(HALF, kind.count), [all_of(kind, 0.0)]
        with counting(code, INDEX(0), count, totals=total) as row:
            here = code.add(code.mul(row, size), place)
            passes = code.icmp_signed(">", load(code, bits, outputs, here), all_of(bits, 0))
            gradient = code.select(passes, load(code, bits, gradients, here), all_of(bits, 0))
            store(code, gradient, gradients, here)
            total[0] = code.fadd(total[0], from_bfloat16(code, gradient))
        store(code, to_bfloat16(code, total[0]), sums, place)
    code.ret_void()
    return module


def _write_last_layer(module: ir.Module) -> None:
    code, arguments = new_function(module, "last_layer", 10, 3)
    inputs, weights, bias, labels, logits, loss, of_weights, of_bias, of_inputs, space = arguments[:10]
    count, size, _ = sizes = _Sizes(*arguments[10:])
    turned, seen = space, _from(code, space, code.mul(code.add(size, INDEX(1)), INDEX(CLASSES)))
    rows = _from(code, seen, code.mul(size, INDEX(ROWS[0])))
    _turn(code, weights, bias, turned, sizes)
    _multiply(code, inputs, turned, seen, rows, sizes)
    _learn(code, labels, rows, logits, loss, of_bias, sizes)
    for kind, place in _features(code, size):
        _of_weights(code, kind, place, inputs, rows, of_weights, sizes)
    for kind, place in _features(code, size):
        _of_inputs(code, kind, place, weights, rows, of_inputs, sizes)
    code.ret_void()


def _turn(code: ir.IRBuilder, weights: Any, bias: Any, turned: Any, sizes: _Sizes) -> None:
    """turned[feature, class] = weights[class, feature], and behind them the bias."""
    _, size, classes = sizes
    with counting(code, INDEX(0), classes) as one:
        with counting(code, INDEX(0), size) as feature:
            value = number(code, FLOAT, weights, code.add(code.mul(one, size), feature))
            _put(code, value, turned, code.add(code.mul(feature, INDEX(CLASSES)), one))
        _put(code, number(code, FLOAT, bias, one), turned, code.add(code.mul(size, INDEX(CLASSES)), one))


def _multiply(code: ir.IRBuilder, inputs: Any, turned: Any, seen: Any, rows: Any, sizes: _Sizes) -> None:
    """rows[picture] = inputs[picture] @ turned + bias. `seen` are the inputs of some pictures in float32."""
    count, size, _ = sizes
    row: Any = INDEX(0)
    for many in ROWS:
        with counting(code, row, count, many) as row:
            first, place = code.mul(row, size), INDEX(0)
            for lanes in (CLASSES, 1):
                with counting(code, place, code.mul(size, INDEX(many)), lanes) as place:
                    bits = load(code, ir.VectorType(HALF, lanes), inputs, code.add(first, place))
                    store(code, from_bfloat16(code, bits), seen, place)
            totals = [load(code, KIND, turned, code.mul(size, INDEX(CLASSES)))] * many
            with counting(code, INDEX(0), size, totals=totals) as feature:
                weight = load(code, KIND, turned, code.mul(feature, INDEX(CLASSES)))
                for each in range(many):
                    value = number(code, FLOAT, seen, code.add(code.mul(size, INDEX(each)), feature))
                    totals[each] = multiply_add(code, everywhere(code, KIND, value), weight, totals[each])
            for each, total in enumerate(totals):
                store(code, total, rows, code.mul(code.add(row, INDEX(each)), INDEX(CLASSES)))


def _learn(code: ir.IRBuilder, labels: Any, rows: Any, logits: Any, loss: Any, of_bias: Any, sizes: _Sizes) -> None:
    """Writes the logits in `rows`, and the loss; then their gradients are there."""
    count, _, classes = sizes
    lanes = ir.VectorType(WHOLE, CLASSES)
    lane = ir.Constant(lanes, list(range(CLASSES)))
    is_class = code.icmp_signed("<", lane, everywhere(code, lanes, code.trunc(classes, WHOLE)))
    share = everywhere(code, KIND, code.fdiv(FLOAT(1), code.sitofp(count, FLOAT)))
    none, totals = all_of(KIND, 0.0), [all_of(KIND, 0.0)] * 2  # losses, gradients
    with counting(code, INDEX(0), count, totals=totals) as row:
        place = code.mul(row, INDEX(CLASSES))
        with counting(code, INDEX(0), classes) as one:
            _put(code, number(code, FLOAT, rows, code.add(place, one)), logits, code.add(code.mul(row, classes), one))
        value = code.select(is_class, load(code, KIND, rows, place), all_of(KIND, -math.inf))
        value = code.fsub(value, _over_all(code, value, lambda one, other: _larger(code, one, other)))
        power = code.select(is_class, _exponential(code, value), none)
        total = _over_all(code, power, code.fadd)
        label = code.trunc(number(code, INDEX, labels, row), WHOLE)
        is_label = code.icmp_signed("==", lane, everywhere(code, lanes, label))
        gradient = code.fmul(power, code.fdiv(share, total))
        gradient = code.select(is_label, code.fsub(gradient, share), gradient)
        store(code, gradient, rows, place)
        lost = code.fmul(code.fsub(_logarithm(code, total), value), share)
        totals[:] = code.fadd(totals[0], code.select(is_label, lost, none)), code.fadd(totals[1], gradient)
    store(code, totals[1], rows, code.mul(count, INDEX(CLASSES)))
    with counting(code, INDEX(0), classes) as one:
        _put(code, number(code, FLOAT, rows, code.add(code.mul(count, INDEX(CLASSES)), one)), of_bias, one)
    _put(code, code.extract_element(_over_all(code, totals[0], code.fadd), WHOLE(0)), loss, INDEX(0))


def _of_weights(
    code: ir.IRBuilder, kind: ir.VectorType, place: Any, inputs: Any, rows: Any, to: Any, sizes: _Sizes
) -> None:
    """to[class] = the sum over pictures of rows[picture, class] * inputs[picture], of some features."""
    first: Any = INDEX(0)
    count, size, classes = sizes
    for many in GROUPS:
        with counting(code, first, classes, many) as first:
            totals = [all_of(kind, 0.0)] * many
            with counting(code, INDEX(0), count, totals=totals) as row:
                bits = load(code, ir.VectorType(HALF, kind.count), inputs, code.add(code.mul(row, size), place))
                value, here = from_bfloat16(code, bits), code.add(code.mul(row, INDEX(CLASSES)), first)
                for each in range(many):
                    one = everywhere(code, kind, number(code, FLOAT, rows, code.add(here, INDEX(each))))
                    totals[each] = multiply_add(code, one, value, totals[each])
            for each, total in enumerate(totals):
                store(code, total, to, code.add(code.mul(code.add(first, INDEX(each)), size), place))


def _of_inputs(
    code: ir.IRBuilder, kind: ir.VectorType, place: Any, weights: Any, rows: Any, to: Any, sizes: _Sizes
) -> None:
    """to[picture] = rows[picture] @ weights, of some features, rounded."""
    row: Any = INDEX(0)
    count, size, classes = sizes
    for many in ROWS:
        with counting(code, row, count, many) as row:
            totals = [all_of(kind, 0.0)] * many
            with counting(code, INDEX(0), classes, totals=totals) as one:
                weight = load(code, kind, weights, code.add(code.mul(one, size), place))
                for each in range(many):
                    here = code.add(code.mul(code.add(row, INDEX(each)), INDEX(CLASSES)), one)
                    value = everywhere(code, kind, number(code, FLOAT, rows, here))
                    totals[each] = multiply_add(code, value, weight, totals[each])
            for each, total in enumerate(totals):
                here = code.add(code.mul(code.add(row, INDEX(each)), size), place)
                store(code, to_bfloat16(code, total), to, here)


def _features(code: ir.IRBuilder, size: Any) -> Iterator[tuple[ir.VectorType, Any]]:
    """Vectors and where they begin, until there is one for each feature."""
    place: Any = INDEX(0)
    for lanes in LANES:
        with counting(code, place, size, lanes) as place:
            yield ir.VectorType(FLOAT, lanes), place


def _exponential(code: ir.IRBuilder, value: Any) -> Any:
    """Of numbers up to 0, or not far above, with an error of two units in the last place (Cephes, expf)."""
    whole = ir.VectorType(WHOLE, CLASSES)
    least = all_of(KIND, SMALLEST)
    value = code.select(code.fcmp_ordered("<", value, least), least, value)  # a NaN stays
    shifted = multiply_add(code, value, all_of(KIND, 1 / math.log(2)), all_of(KIND, TO_WHOLE))
    twos = code.fsub(shifted, all_of(KIND, TO_WHOLE))
    for part in (-0.693359375, 2.12194440e-4):  # -log(2) in two parts, the first of few digits
        value = multiply_add(code, twos, all_of(KIND, part), value)
    total = all_of(KIND, POLYNOMIAL[0])
    for factor in (*POLYNOMIAL[1:], 1.0, 1.0):
        total = multiply_add(code, total, value, all_of(KIND, factor))
    exponent = code.shl(code.bitcast(shifted, whole), all_of(whole, 23))
    return code.fmul(total, code.bitcast(code.add(exponent, all_of(whole, 127 << 23)), KIND))


def _logarithm(code: ir.IRBuilder, value: Any) -> Any:
    """Of numbers from 1 to CLASSES: what their bits say, and two of Halley's steps."""
    bits = code.sitofp(code.bitcast(value, ir.VectorType(WHOLE, CLASSES)), KIND)
    found = multiply_add(code, bits, all_of(KIND, math.log(2) / 2**23), all_of(KIND, -127 * math.log(2)))
    for _ in range(2):
        power = _exponential(code, found)
        ratio = code.fdiv(code.fsub(value, power), code.fadd(value, power))
        found = multiply_add(code, all_of(KIND, 2.0), ratio, found)
    return found


def _over_all(code: ir.IRBuilder, value: Any, join: Callable[[Any, Any], Any]) -> Any:
    """What joins all numbers of a vector, in each of its places."""
    for distance in (8, 4, 2, 1):
        places = ir.Constant(ir.VectorType(WHOLE, CLASSES), [place ^ distance for place in range(CLASSES)])
        value = join(value, code.shuffle_vector(value, value, places))
    return value


def _larger(code: ir.IRBuilder, one: Any, other: Any) -> Any:
    return code.select(code.fcmp_ordered(">", one, other), one, other)


def _put(code: ir.IRBuilder, value: Any, memory: Any, place: Any) -> None:
    """One number into an array."""
    store(code, everywhere(code, ir.VectorType(FLOAT, 1), value), memory, place)


def _from(code: ir.IRBuilder, memory: Any, place: Any) -> Any:
    """The rest of an array of float32."""
    return code.gep(memory, [place], source_etype=FLOAT)
