import gc
import sys

import pytest

from core.machine.garbage import importing_torch


def test_what_is_imported_with_torch_is_never_searched(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    with pytest.raises(ImportError), importing_torch():
        assert not gc.isenabled() and not frozen
        raise ImportError
    assert gc.isenabled() and frozen


def test_garbage_of_a_process_that_has_torch_already_is_found(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", sys)
    monkeypatch.setattr(gc, "freeze", lambda: pytest.fail("what is there now may be garbage"))
    with importing_torch():
        assert gc.isenabled()
