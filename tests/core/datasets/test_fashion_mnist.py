"""Fashion-MNIST arrives pixel by pixel."""

import numpy as np

from core.datasets import DATASETS, obtain
from core.datasets.mnist import FILES
from tests.core.datasets.test_obtain import idx_files, md5, publish
from tests.helpers import serve


def test_pictures_in_idx_files_arrive_pixel_by_pixel(tmp_path, monkeypatch):
    files, content = idx_files()
    with serve(files) as site:
        publish(monkeypatch, "fashion_mnist", site.url, {file: md5(data) for file, data in files.items()})
        list(obtain.obtain(DATASETS.parse("fashion_mnist"), tmp_path))
    data = DATASETS.parse("fashion_mnist").load(tmp_path)
    assert np.array_equal(data.train_images[:, 0].numpy(), content[FILES[0]])
    assert np.array_equal(data.train_labels.numpy(), content[FILES[1]])
    assert np.array_equal(data.test_images[:, 0].numpy(), content[FILES[2]])
    assert np.array_equal(data.test_labels.numpy(), content[FILES[3]])
