"""Machine code for this processor, made by LLVM while the program runs: no compiler is needed, only the package llvmlite.

A kernel is written as LLVM's intermediate representation (https://llvm.org/docs/LangRef.html) with vectors of explicit width,
which LLVM cuts to what the processor has. It takes pointers and whole numbers and runs without Python's lock.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import binding, ir

INDEX, WHOLE, HALF, BYTE = (ir.IntType(bits) for bits in (64, 32, 16, 8))
FLOAT = ir.FloatType()
POINTER = ir.PointerType()

_engines: list[Any] = []  # what owns the code: it lives as long as the process


def new_function(module: ir.Module, name: str, pointers: int, numbers: int) -> tuple[ir.IRBuilder, list[Any]]:
    """A function that takes so many pointers, to memory of which no two share a part, then so many 64-bit numbers, and
    returns nothing; where its code goes, and its arguments."""
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER] * pointers + [INDEX] * numbers), name)
    for argument in function.args[:pointers]:
        argument.add_attribute("noalias")
    return ir.IRBuilder(function.append_basic_block("start")), list(function.args)


@contextmanager
def counting(code: ir.IRBuilder, start: Any, end: Any, step: int = 1, totals: list[Any] | None = None) -> Iterator[Any]:
    """What is written within happens for each number from `start` while number + step <= end. `totals` are values in
    registers: what is put into the list within is there the next time, and afterwards."""
    before, check = code.block, code.append_basic_block("check")
    code.branch(check)
    code.position_at_end(check)
    number = code.phi(INDEX)
    number.add_incoming(start, before)
    totals = [] if totals is None else totals
    kept = [code.phi(total.type) for total in totals]
    for each, total in zip(kept, totals, strict=True):
        each.add_incoming(total, before)
    totals[:] = kept
    body, after = code.append_basic_block("body"), code.append_basic_block("after")
    following = code.add(number, INDEX(step))
    code.cbranch(code.icmp_signed("<=", following, end), body, after)
    code.position_at_end(body)
    yield number
    number.add_incoming(following, code.block)
    for each, total in zip(kept, totals, strict=True):
        each.add_incoming(total, code.block)
    totals[:] = kept
    code.branch(check)
    code.position_at_end(after)


def all_of(kind: ir.VectorType, value: Any) -> ir.Constant:
    """The same number in every place of a vector."""
    return ir.Constant(kind, [value] * kind.count)


def load(code: ir.IRBuilder, kind: ir.VectorType, memory: Any, place: Any) -> Any:
    """The numbers of an array from that place on."""
    return code.load(_address(code, kind, memory, place), align=_bytes(kind), typ=kind)


def store(code: ir.IRBuilder, value: Any, memory: Any, place: Any) -> None:
    """Writes them there."""
    code.store(value, _address(code, value.type, memory, place), align=_bytes(value.type))


def number(code: ir.IRBuilder, kind: Any, memory: Any, place: Any) -> Any:
    """One number of an array."""
    return code.extract_element(load(code, ir.VectorType(kind, 1), memory, place), WHOLE(0))


def everywhere(code: ir.IRBuilder, kind: ir.VectorType, value: Any) -> Any:
    """One number in every place of a vector."""
    first = code.insert_element(ir.Constant(kind, ir.Undefined), value, WHOLE(0))
    return code.shuffle_vector(first, ir.Constant(kind, ir.Undefined), all_of(ir.VectorType(WHOLE, kind.count), 0))


def multiply_add(code: ir.IRBuilder, left: Any, right: Any, total: Any) -> Any:
    """left * right + total of float32, rounded once where the processor can."""
    kind = left.type
    return code.call(intrinsic(code, f"llvm.fmuladd.v{kind.count}f32", kind, [kind] * 3), [left, right, total])


def intrinsic(code: ir.IRBuilder, name: str, result: Any, arguments: list[Any]) -> Any:
    """One of LLVM's own functions."""
    return code.module.globals.get(name) or ir.Function(code.module, ir.FunctionType(result, arguments), name)


def from_bfloat16(code: ir.IRBuilder, bits: Any) -> Any:
    """The bits of bfloat16 as float32."""
    wide = ir.VectorType(WHOLE, bits.type.count)
    return code.bitcast(code.shl(code.zext(bits, wide), all_of(wide, 16)), ir.VectorType(FLOAT, wide.count))


def to_bfloat16(code: ir.IRBuilder, value: Any) -> Any:
    """float32 to the bits of the nearest bfloat16, of two the even one."""
    wide, narrow = (ir.VectorType(kind, value.type.count) for kind in (WHOLE, HALF))
    bits = code.bitcast(value, wide)
    is_odd = code.and_(code.lshr(bits, all_of(wide, 16)), all_of(wide, 1))
    nearest = code.lshr(code.add(code.add(bits, all_of(wide, 0x7FFF)), is_odd), all_of(wide, 16))
    is_nan = code.fcmp_unordered("uno", value, value)
    return code.trunc(code.select(is_nan, all_of(wide, 0x7FC0), nearest), narrow)


def _bytes(kind: ir.VectorType) -> int:
    """Of one number: whole ones say how wide they are, float32 does not."""
    return getattr(kind.element, "width", 32) // 8


def _address(code: ir.IRBuilder, kind: ir.VectorType, memory: Any, place: Any) -> Any:
    return code.gep(memory, [place], source_etype=kind.element)


def compiled(module: ir.Module) -> dict[str, Callable[..., None]]:
    """The functions of a module by their names, ready to be called with addresses and numbers. Raises RuntimeError.

    LLVM's optimising passes are left out: they would take longer than making the code, which is written as it should be.
    """
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=2
    )
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    parsed = binding.parse_assembly(str(module))
    parsed.verify()
    engine = binding.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    _engines.append(engine)
    return {
        function.name: ctypes.CFUNCTYPE(
            None, *(ctypes.c_void_p if argument.type == POINTER else ctypes.c_int64 for argument in function.args)
        )(engine.get_function_address(function.name))
        for function in module.functions
        if not function.is_declaration
    }
