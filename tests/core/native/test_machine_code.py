"""Kernels written in LLVM's words compute on this processor."""

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from llvmlite import ir  # noqa: E402

from core.native.machine_code import INDEX, all_of, compiled, counting, load, new_function, store  # noqa: E402


def test_a_kernel_works_in_wide_steps_and_ends_with_narrow_ones():
    module = ir.Module("doubling")
    code, (source, target, start, end) = new_function(module, "double", pointers=2, numbers=2)
    for lanes in (8, 1):
        kind = ir.VectorType(ir.IntType(16), lanes)
        with counting(code, start, end, lanes) as place:
            store(code, code.mul(load(code, kind, source, place), all_of(kind, 2)), target, place)
        start = place
    code.ret_void()
    numbers, doubled = np.arange(21, dtype=np.int16), np.zeros(21, np.int16)
    compiled(module)["double"](numbers.ctypes.data, doubled.ctypes.data, 2, 20)
    assert doubled.tolist() == [0, 0, *range(4, 40, 2), 0]


def test_totals_stay_in_registers_from_one_round_to_the_next():
    module = ir.Module("adding")
    code, (numbers, sums, end) = new_function(module, "add", pointers=2, numbers=1)
    kind = ir.VectorType(ir.IntType(16), 4)
    totals = [all_of(kind, 100), all_of(kind, 1)]
    with counting(code, INDEX(0), end, 4, totals) as place:
        totals[0] = code.add(totals[0], load(code, kind, numbers, place))
        totals[1] = code.add(totals[1], totals[1])
    for place, total in enumerate(totals):
        store(code, total, sums, INDEX(4 * place))
    code.ret_void()
    numbers, sums = np.arange(12, dtype=np.int16), np.zeros(8, np.int16)
    add = compiled(module)["add"]
    add(numbers.ctypes.data, sums.ctypes.data, 12)
    assert sums.tolist() == [112, 115, 118, 121, 8, 8, 8, 8]
    add(numbers.ctypes.data, sums.ctypes.data, 0)
    assert sums.tolist() == [100] * 4 + [1] * 4


def test_nothing_happens_in_a_loop_without_room():
    module = ir.Module("nothing")
    code, (target, end) = new_function(module, "fill", pointers=1, numbers=1)
    kind = ir.VectorType(ir.IntType(16), 4)
    with counting(code, INDEX(0), end, 4) as place:
        store(code, all_of(kind, 1), target, place)
    code.ret_void()
    numbers = np.zeros(4, np.int16)
    compiled(module)["fill"](numbers.ctypes.data, 3)
    assert not numbers.any()
