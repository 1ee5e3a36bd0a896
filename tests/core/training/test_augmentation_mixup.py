"""MixUp: pictures blended with others, and their labels."""

import torch

from core.training.augmentation import Augmentation
from tests.core.training.pictures import images, numbered, random


def test_mixup_blends_pictures_and_labels_of_one_batch_in_one_share():
    before, labels = numbered(64, 5, 4, 3), torch.arange(64)
    after, other, share = Augmentation(mixup=1).mix(before, labels, random())
    assert 0.5 <= share < 1
    torch.testing.assert_close(after, share * before + (1 - share) * before[other])
    assert sorted(other.tolist()) == labels.tolist() and (other != labels).any()
    assert after.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(before, numbered(64, 5, 4, 3)), "the pictures given are not touched"


def test_features_are_mixed_like_pictures():
    before = torch.arange(40.0).view(10, 4)
    after, other, share = Augmentation(mixup=1).mix(before, torch.arange(10), random())
    torch.testing.assert_close(after, share * before + (1 - share) * before[other])


def test_mixup_shares_follow_the_beta_distribution():
    generator, batch, labels = random(), images(2, side=1), torch.tensor([0, 1])
    for alpha in (0.2, 2.0):
        change = Augmentation(mixup=alpha)
        shares = torch.tensor([change.mix(batch, labels, generator)[2] for _ in range(2000)])
        assert shares.min() >= 0.5
        folded = torch.distributions.Beta(alpha, alpha).sample((100_000,))
        folded = torch.maximum(folded, 1 - folded)
        assert abs(shares.mean() - folded.mean()) < 0.02 and abs(shares.std() - folded.std()) < 0.02


def test_the_generator_alone_decides_what_is_mixed():
    change, labels = Augmentation(mixup=0.4), torch.arange(32)
    first, again, different = (change.mix(images(), labels, random(seed)) for seed in (3, 3, 4))
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1]) and first[2] == again[2]
    assert first[2] != different[2]
