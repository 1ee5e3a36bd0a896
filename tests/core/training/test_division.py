"""A training whose batches are divided over two processes is the training of one: the same losses, network and random state."""

import subprocess
import sys

import pytest
import torch

from core.paths import HOME
from tests.core.training import divided
from tests.core.training.divided import CASES

SIZE = 2


@pytest.fixture(scope="module")
def found(tmp_path_factory, data_folder):
    """What each rank found of all cases: importing torch.distributed takes longer than training them."""
    folder = tmp_path_factory.mktemp("ranks")
    command = [sys.executable, "-m", "tests.core.training.divided", str(folder)]
    ranks = [
        subprocess.Popen([*command, str(rank), str(SIZE)], cwd=HOME, stderr=subprocess.PIPE) for rank in range(SIZE)
    ]
    try:
        for rank in ranks:
            _, said = rank.communicate(timeout=300)
            assert rank.returncode == 0, said.decode()
    finally:
        for rank in ranks:
            rank.kill()
    return [torch.load(folder / f"found-{rank}.pt", weights_only=True) for rank in range(SIZE)]


@pytest.mark.parametrize("name", CASES)
def test_losses_are_those_of_one_process_with_whole_batches(found, name):
    one, two = divided.trained(CASES[name]), found[0][name]
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-5, rel=0)
    for (metrics, confusion), (expected, as_one) in zip(two["validations"], one["validations"], strict=True):
        assert metrics == pytest.approx(expected, abs=1e-5, rel=0)
        assert confusion == as_one
    for kind in ("model", "judged"):
        for weight, value in one[kind].items():
            assert torch.allclose(two[kind][weight], value, rtol=0, atol=1e-4), (kind, weight)
    assert torch.equal(two["random"], one["random"])


@pytest.mark.parametrize("name", CASES)
def test_all_processes_have_the_same_network_at_the_end(found, name):
    first, second = (each[name] for each in found)
    for kind in ("model", "judged"):
        assert all(torch.equal(value, second[kind][weight]) for weight, value in first[kind].items())
    for kind in ("losses", "validations", "learning_rate", "changes"):
        assert first[kind] == second[kind]
    assert torch.equal(first["random"], second["random"])


def test_what_does_not_fit_on_one_of_them_is_cut_on_all(found):
    assert [each["short of memory"]["changes"] for each in found] == [[2], [2]]


def test_a_learning_rate_that_the_first_hears_of_counts_for_all(found):
    one = divided.trained(CASES["mlp"])
    assert [each["mlp"]["learning_rate"] for each in found] == [one["learning_rate"]] * SIZE
