"""Pictures as parts of the page."""

import numpy as np

from pages.components.shell.html_parts import sheet


def test_a_sheet_of_filters_keeps_each_in_its_own_place():
    filters = np.stack([np.full((2, 2, 1), value, np.float32) for value in (1.0, -1.0, 0.0)])
    picture = sheet(filters, columns=2, enlarge=3)
    assert picture[0, 0].tolist() == [255, 255, 255, 255] and picture[0, -1].tolist() == [0, 0, 0, 255]
    assert picture[-1, 0].tolist() == [128, 128, 128, 255] and picture[-1, -1, 3] == 0
