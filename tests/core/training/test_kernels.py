"""Machine code can be had by its file, and can be done without."""

import sys

import pytest

from core.training.kernels import FAMILIES, kernels


@pytest.fixture(autouse=True)
def made_anew():
    kernels.cache_clear()
    yield
    kernels.cache_clear()


@pytest.mark.parametrize("family", FAMILIES)
def test_there_are_some_in_every_file(family):
    pytest.importorskip("llvmlite")
    assert kernels(family)


def test_a_variable_leaves_all_to_pytorch(monkeypatch):
    monkeypatch.setenv("TRAINDESK_NATIVE", "0")
    assert not any(kernels(family) for family in FAMILIES)


def test_so_does_a_computer_without_llvmlite(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("core.native.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    assert not any(kernels(family) for family in FAMILIES)
