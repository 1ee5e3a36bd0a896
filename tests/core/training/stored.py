"""Checkpoints as tests write and spoil them."""

import pytest
import torch

from core.inference.classifier import Classifier
from core.run_config import RunConfig
from core.training.build import description_of
from core.training.checkpoints import (
    CheckpointError,
    load_checkpoint,
    network_content,
    rebuild,
    resume_content,
    write_checkpoint,
)
from tests.helpers import assert_one_sentence


def save(path, state, config, metrics):
    write_checkpoint(path, {**network_content(state, description_of(config), metrics), **resume_content(state, 3)})


def refused(run, *parts):
    """Both who measure and who classify are told the same in one sentence."""
    with pytest.raises(CheckpointError) as caught:
        content = load_checkpoint(run.best)
        rebuild(RunConfig.from_dict(content["config"]).architecture, content, run.best)
    assert_one_sentence(str(caught.value), "run/best.pt", *parts)
    with pytest.raises(CheckpointError) as again:
        Classifier.load(run)
    assert str(again.value) == str(caught.value)
    return str(caught.value)


def rewrite(run, change):
    content = torch.load(run.best, weights_only=True)
    change(content)
    torch.save(content, run.best)
