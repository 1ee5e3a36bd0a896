"""Whatever lies in the folders, every page stands. More of it: `python -m tests.mutants`."""

import pytest

from core import errors
from tests.mutants import KINDS, Ground, open_all

FEW = 15  # of each kind; a thousand are opened by the command


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TRAINDESK_RUNS", "TRAINDESK_DATA"):
            patch.setenv(name, "")
        yield Ground(tmp_path_factory.mktemp("mutants"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_damaged_folder_takes_a_page_down(kind, ground, monkeypatch):
    monkeypatch.setattr(errors, "UNFORESEEN", Exception)  # behind the fences, as people have it
    failures, _ = open_all(ground, kind, FEW, seed=1)
    assert not failures, "\n\n".join(map(str, failures))
