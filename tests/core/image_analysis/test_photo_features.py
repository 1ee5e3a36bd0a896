"""What the network that knows photos makes of pictures, of any size and number."""

import numpy as np
import torch

from core.image_analysis.photo_features import BATCH, SMALLEST, network_inputs, photo_features


def test_grey_pictures_get_three_channels_and_small_ones_are_enlarged():
    inputs = network_inputs(np.full((2, 1, 28, 28), 255, np.uint8))
    assert inputs.shape == (2, 3, SMALLEST, SMALLEST) and inputs.dtype == torch.float32
    assert torch.all(inputs == 1) and network_inputs(np.zeros((1, 3, 96, 96), np.uint8)).shape == (1, 3, 96, 96)


def test_features_are_means_over_the_picture_whatever_their_number():
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH + 3, 3, 64, 64), dtype=np.uint8)
    found = photo_features(torch.nn.Identity(), pixels)
    np.testing.assert_allclose(found, ((pixels.astype(np.float32) - 127) / 128).mean((2, 3)), atol=1e-5)
