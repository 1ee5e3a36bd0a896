"""The first hour on a GPU, tried where there is none: the script is ready when someone has a card."""

import itertools

import pytest
import torch

from benchmarks import gpu, gpu_checks
from tests.helpers import assert_one_sentence

CPU = torch.device("cpu")


def test_speed_is_a_row_of_a_table(capsys):
    gpu.main(["--device", "cpu", "--short", "--only", "speed", "--recipes", "mlp", "unheard_of"])
    said = capsys.readouterr().out
    assert "no GPU (cpu)" in said and "unheard_of" in said
    header, _, row = said.strip().splitlines()[-3:]
    assert header.count("|") == row.count("|") and row.startswith("| mlp |")


def test_every_check_answers():
    found = dict(itertools.islice(gpu_checks.all_of(CPU, short=True), 9))
    found.pop("too little memory for a test")  # the script says what it finds, good or bad
    assert not [answer for answer in found.values() if "**" in answer or "nan" in answer], found
    assert "0.0e+00 apart" in found["pause and resume"]
    assert "micro-batches" in found["too little memory for a step"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so():
    with pytest.raises(SystemExit) as caught:
        gpu.main([])
    assert_one_sentence(str(caught.value), "No GPU")
