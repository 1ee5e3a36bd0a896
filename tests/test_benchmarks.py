"""The benchmarks, which nobody runs each day: what they measure with moves and is renamed."""

from importlib import import_module
from pathlib import Path

import pytest

import benchmarks

OURS = ("benchmarks", "core", "docs", "pages", "tests")


@pytest.mark.parametrize("name", sorted(path.stem for path in Path(benchmarks.__file__).parent.glob("[!_]*.py")))
def test_a_benchmark_finds_all_that_it_measures_with(name):
    try:
        import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as error:  # the programs that it compares with are installed for that alone
        if str(error.name).startswith(OURS):
            raise
