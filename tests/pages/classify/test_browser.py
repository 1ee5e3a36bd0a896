"""What a browser sends is checked before it is read."""

import numpy as np
import pytest
from PIL import Image

from core.errors import ImageError
from pages.components.classify.browser import LONGEST, PREFIX, decoded
from tests.pages.classify.test_classify_page import drawing


def test_a_huge_drawing_is_refused_without_reading_it():
    noise = np.random.default_rng(0).integers(0, 256, (600, 600), dtype=np.uint8)
    huge = drawing(Image.fromarray(noise))["picture"]
    assert len(huge) > LONGEST
    with pytest.raises(ImageError, match="did not arrive as a picture"):
        decoded(huge)


@pytest.mark.parametrize(
    "picture",
    [7, "", "data:image/svg+xml;base64,AAAA", PREFIX + "not base64!", PREFIX, PREFIX + "AAAA"],
)
def test_what_is_not_a_drawing_is_refused(picture):
    with pytest.raises(ImageError):
        decoded(picture)
