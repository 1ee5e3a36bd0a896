"""Training in the tests' own process."""

import torch

from core.training.batches import split
from core.training.loop import begin, train

CPU = torch.device("cpu")


def splits_of(config, data):
    return split(data, config.dataset, config.training.validation_share, config.training.seed, CPU)


def run(config, data):
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None)
    return state, list(train(state, config, splits)), splits


def result_of(generator):
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value
