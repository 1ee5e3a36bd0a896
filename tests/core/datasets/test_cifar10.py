"""CIFAR-10 arrives pixel by pixel."""

import numpy as np

from core.datasets import DATASETS, obtain
from tests.core.datasets.test_obtain import cifar_archive, md5, publish
from tests.helpers import serve


def test_pictures_of_cifar_arrive_pixel_by_pixel(tmp_path, monkeypatch):
    archive, members, batches = cifar_archive()
    checks = {name: md5(data) for name, data in members.items()} | {"cifar-10-python.tar.gz": md5(archive)}
    with serve({"cifar-10-python.tar.gz": archive}) as site:
        publish(monkeypatch, "cifar10", site.url, checks)
        list(obtain.obtain(DATASETS.parse("cifar10"), tmp_path))
        data = DATASETS.parse("cifar10").load(tmp_path)
    expected = np.concatenate([batches[f"data_batch_{number}"]["data"] for number in range(1, 6)]).reshape(
        -1, 3, 32, 32
    )
    assert np.array_equal(data.train_images.numpy(), expected)
    assert data.test_labels.tolist() == batches["test_batch"]["labels"]
