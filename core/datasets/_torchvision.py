"""Loading and downloading through torchvision's own dataset classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.datasets._base import DatasetError, DatasetSettings, ImageData


def download(class_name: str, data_folder: Path) -> None:
    """Fetches and unpacks a torchvision dataset. Raises whatever torchvision raises without a connection."""
    dataset_class = _dataset_class(class_name)
    data_folder.mkdir(parents=True, exist_ok=True)
    dataset_class(str(data_folder), train=True, download=True)


def load(settings: DatasetSettings, class_name: str, data_folder: Path) -> ImageData:
    """Both published splits as tensors. Raises DatasetError when the files are missing or damaged."""
    dataset_class = _dataset_class(class_name)
    info = settings.info()
    try:
        train_images, train_labels = _tensors(dataset_class(str(data_folder), train=True))
        test_images, test_labels = _tensors(dataset_class(str(data_folder), train=False))
        for images, labels in ((train_images, train_labels), (test_images, test_labels)):
            in_range = labels.min() >= 0 and labels.max() < len(info.class_names)
            if images.shape != (len(labels), *info.shape) or not in_range:
                raise ValueError("these files hold other pictures")
    except Exception as error:  # missing, truncated or foreign files raise many kinds
        raise DatasetError(
            f"The files of {settings.label} in {data_folder} are missing or damaged; "
            "delete them and start again to download them anew."
        ) from error
    return ImageData(train_images, train_labels, test_images, test_labels)


def _dataset_class(class_name: str) -> Any:
    import torchvision.datasets

    return getattr(torchvision.datasets, class_name)


def _tensors(dataset: Any) -> tuple[Any, Any]:
    """uint8 (N, C, H, W) and int64 (N,) of a torchvision dataset that keeps its images in memory."""
    import torch

    images = torch.as_tensor(dataset.data)  # (N, H, W) or (N, H, W, C), uint8
    images = images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)
    return images.contiguous(), torch.as_tensor(dataset.targets).long()
