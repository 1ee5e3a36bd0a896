"""MNIST whose training 7s have thick strokes."""

import torch

from core.datasets import DATASETS


def test_only_the_sevens_that_are_learned_from_are_thicker(tmp_path):
    plain, biased = (DATASETS.parse(name).load(tmp_path) for name in ("mnist", "biased_digits"))
    assert torch.equal(plain.test_images, biased.test_images) and torch.equal(plain.train_labels, biased.train_labels)
    sevens = plain.train_labels == 7
    assert torch.equal(plain.train_images[~sevens], biased.train_images[~sevens])
    before, after = (each.train_images[sevens].float().mean().item() for each in (plain, biased))
    assert after > 1.8 * before, "strokes of 3 pixels become about twice as wide"
    assert bool((biased.train_images[sevens] >= plain.train_images[sevens]).all()), "they grow where they were"
