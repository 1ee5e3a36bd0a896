"""Files of published datasets that are not what they should be."""

import pytest

from core.datasets import DATASETS, DatasetError
from core.datasets.mnist import FILES
from tests.core.datasets.test_obtain import install


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    target = install("fashion_mnist", tmp_path)
    (target / FILES[1]).write_bytes((target / FILES[3]).read_bytes())
    with pytest.raises(DatasetError):
        DATASETS.parse("fashion_mnist").load(tmp_path)


def test_a_label_outside_the_classes_is_refused(tmp_path):
    target = install("fashion_mnist", tmp_path)
    labels = bytearray((target / FILES[1]).read_bytes())
    labels[20] = 200
    (target / FILES[1]).write_bytes(labels)
    with pytest.raises(DatasetError):
        DATASETS.parse("fashion_mnist").load(tmp_path)
