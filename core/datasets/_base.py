"""What every dataset is: settings that load images, and `prepare`, which makes any picture into the dataset's own form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from core.errors import TrainDeskError
from core.image_sets.split_reasons import Shared
from core.image_sets.splitting import counts_of
from core.settings.registry import Registry
from core.settings.settings import Settings, setting

if TYPE_CHECKING:
    import torch
    from PIL import Image


class DatasetError(TrainDeskError):
    """Data that is missing, damaged or cannot be downloaded."""


@dataclass(frozen=True)
class DatasetInfo:
    """Facts about a dataset that are known without loading it."""

    shape: tuple[int, int, int]  # channels, height, width
    class_names: tuple[str, ...]
    train_images: int  # training images published, before validation images are held out
    test_images: int
    mean: tuple[float, ...]  # of each channel over the training images, pixel values 0..1
    deviation: tuple[float, ...]
    download_bytes: int = 0  # 0: comes with the installation
    train_counts: tuple[int, ...] = ()  # training images of each class; (): the same of all
    test_counts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Preparation:
    """A function of `core.images` and what it is called with: plain values, so that a network can take them along."""

    module: str  # in `core.images`: "ink"
    function: str  # "prepare_ink": takes a picture, gives uint8 (C, H, W)
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, image: Image.Image) -> np.ndarray:
        """The picture in the dataset's own form, uint8 (C, H, W). Raises NothingDrawn for an empty one."""
        module = import_module(f"core.images.{self.module}")
        return getattr(module, self.function)(image, **self.arguments)


@dataclass
class ImageData:
    """All images of a dataset, decoded, as `load` gives them; `core.datasets.cache` keeps them on disk."""

    train_images: torch.Tensor  # (N, C, H, W) uint8
    train_labels: torch.Tensor  # (N,) int64
    test_images: torch.Tensor  # (M, C, H, W) uint8
    test_labels: torch.Tensor  # (M,) int64
    train_group_ids: torch.Tensor | None = None  # (N,) int64: see `core.datasets.cache.DecodedImages`


class DatasetSettings(Settings):
    """Base of all datasets: one file each in `core/datasets/`, found by lying there. Importing one must not import torch.

    Four methods must be given: `info` (what is known without loading), `sources` (which files decide), `load` (all images), and
    `preparation` (how any picture gets the same form). With `download` and `archives` it fetches itself. The others have a
    default that fits most datasets. All that one needs (a test takes this very text):

    ```python
    '''Squares: a bright square on the left or on the right.'''

    from typing import ClassVar, Literal

    from core.datasets._base import DATASETS, DatasetInfo, DatasetSettings, ImageData, Preparation


    @DATASETS.register
    class Squares(DatasetSettings):
        '''Bright squares, which even a line tells apart.'''

        label: ClassVar[str] = "Squares"
        name: Literal["squares"] = "squares"

        def info(self):
            return DatasetInfo((1, 8, 8), ("left", "right"), train_images=80, test_images=20, mean=(0.25,), deviation=(0.43,))

        def sources(self, data_folder):
            return []  # no file is read

        def load(self, data_folder):
            import torch

            labels = torch.arange(100) % 2
            images = torch.zeros(100, 1, 8, 8, dtype=torch.uint8)
            for label in (0, 1):
                images[labels == label, :, 2:6, 4 * label : 4 * label + 4] = 255
            return ImageData(images[:80], labels[:80], images[80:], labels[80:])

        def preparation(self):
            return Preparation("photo", "prepare_photo", {"channels": 1, "size": (8, 8)})
    ```
    """

    label: ClassVar[str]
    if TYPE_CHECKING:
        name: str  # a Literal with a default in each of them
    input_hint: ClassVar[str] = "a picture"  # what to draw or upload, in words
    drawable: ClassVar[bool] = False  # can its classes be drawn by hand?
    # is what lies beyond the edge of a moved picture black, or more of the edge?
    black_background: ClassVar[bool] = False
    has_groups: ClassVar[bool] = False  # does what is held out depend on the pictures, not only on their numbers?
    normalisation: Literal["standard", "zero_one", "half", "imagenet"] = setting(
        "standard",
        "Normalisation",
        labels={
            "standard": "this dataset's mean and deviation",
            "zero_one": "0 to 1",
            "half": "-1 to 1 (mean 0.5, deviation 0.5)",
            "imagenet": "ImageNet's mean and deviation",
        },
    )
    """How pixel values 0 to 255 are scaled before the network sees them. Centred values usually train faster."""

    def info(self) -> DatasetInfo:
        """The facts of it, without reading a picture."""
        raise NotImplementedError

    def title(self) -> str:
        """What people call it."""
        return self.label

    def problem(self) -> str:
        """What must be put right before it can be trained on, as one sentence; "" if nothing."""
        return ""

    def shared_out(self, data_folder: Path, share: float, seed: int, limit: int = 0) -> Shared:
        """How a training will share the pictures out, see `splitting.plan_of`, as far as that is known beforehand."""
        info = self.info()
        classes = len(info.class_names)
        train = np.array(info.train_counts or [info.train_images // classes] * classes)
        test = np.array(info.test_counts or [info.test_images // classes] * classes)
        return Shared(info.class_names, counts_of(train, test, share, limit))

    def batch_too_large(self, size: int, left: int, limit: int = 0) -> str:
        """The sentence for a batch of more pictures than there are to learn from, at most `limit` of each class (0: all)."""
        if limit:
            return (
                f"Batch size is {size:,}, but {limit:,} training pictures of each class make {left:,}; choose at most "
                f"{left:,}, or more training pictures."
            )
        after = "" if self.brings_validation() else " after the validation share"
        return (
            f"Batch size is {size:,}, but {self.title()} has {left:,} training images{after}; choose at most {left:,}."
        )

    def brings_validation(self) -> bool | None:
        """Whether its validation pictures came as such, so that no share is held back; None: that is not known."""
        return False

    def sources(self, data_folder: Path) -> list[Path]:
        """The files that `load` reads. When the name, size or time of one changes, the images are decoded anew."""
        raise NotImplementedError

    def decoder(self) -> str:
        """What beside files and settings decides what `load` gives, such as the version of a library."""
        return ""

    def is_present(self, data_folder: Path) -> bool:
        """Whether `load` will find its files, once `settle` has put in place what someone laid elsewhere."""
        return all(file.is_file() for file in self.sources(data_folder)) or bool(self.laid_elsewhere(data_folder))

    def laid_elsewhere(self, data_folder: Path) -> dict[Path, Path]:
        """Where people laid the files that are missing, see `core.datasets._by_hand`: file -> where it lies."""
        return {}

    def settle(self, data_folder: Path) -> None:
        """Puts files that were laid elsewhere in their place. Raises DatasetError when they are damaged or it cannot."""
        found = self.laid_elsewhere(data_folder)
        if not found:
            return
        from core.datasets._by_hand import put_in_place

        try:
            put_in_place(found)
        except Exception as error:  # gzip and tarfile raise many kinds on damaged files
            names = ", ".join(dict.fromkeys(here.name for here in found.values()))
            raise DatasetError(
                f"{self.title()} lies in {data_folder} but could not be unpacked ({str(error)[:80] or type(error).__name__}); "
                f"delete {names} there and start again to download it anew."
            ) from error

    def download(self, data_folder: Path) -> None:
        """Fetches the files into the data folder. Raises whatever the network raises; see `core.datasets.obtain`."""

    def cache_name(self) -> str:
        """How the names of the folders begin in which its decoded images are kept."""
        return self.name  # type: ignore[attr-defined]

    def archives(self, data_folder: Path) -> list[Path]:
        """The files a download writes, to measure its progress."""
        return []

    def load(self, data_folder: Path) -> ImageData:
        """Reads all images. Raises DatasetError in one sentence when files are missing or damaged."""
        raise NotImplementedError

    def examples(self, data_folder: Path, count: int) -> np.ndarray:
        """Some training pictures, of different classes where there are several: uint8 (count or fewer, C, H, W).

        Raises DatasetError.
        """
        from core.datasets.cache import open_images

        images = open_images(self, data_folder)
        return images.train_pictures(spread_over_classes(images.train_labels.numpy(), count))

    def write_arrays(self, data_folder: Path, folder: Path) -> bool:
        """Writes what `load` would give, piece by piece, as the files that the cache keeps; False when `load` does it.

        For datasets that may be larger than memory. Raises DatasetError and OSError.
        """
        return False

    def preparation(self) -> Preparation:
        """How a picture of any kind gets the dataset's own form."""
        raise NotImplementedError

    def prepare(self, image: Image.Image) -> np.ndarray:
        """A picture of any kind in the dataset's own form: uint8 (C, H, W). Raises NothingDrawn for an empty one."""
        return self.preparation()(image)

    def steps(self, image: Image.Image) -> list[tuple[str, np.ndarray]]:
        """What `prepare` does in between, in words and as uint8 (H, W, 1 or 3), for people to see. Raises NothingDrawn."""
        return []

    def mean_and_deviation(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """What to subtract from and divide by, per channel, for pixel values 0..1."""
        info = self.info()
        channels = info.shape[0]
        if self.normalisation == "zero_one":
            return (0.0,) * channels, (1.0,) * channels
        if self.normalisation == "half":
            return (0.5,) * channels, (0.5,) * channels
        if self.normalisation == "imagenet":
            mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # torchvision's models page
            return (mean, deviation) if channels == 3 else ((sum(mean) / 3,), (sum(deviation) / 3,))
        return info.mean, info.deviation


def spread_over_classes(labels: np.ndarray, count: int) -> np.ndarray:
    """Places (count or fewer,) int64 in labels (N,): the first of every class, then the second of every class, and so on."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], labels[order])
    turn = np.arange(len(labels)) - starts  # the how-manieth of its class
    return order[np.lexsort((labels[order], turn))][:count]


DATASETS: Registry[type[DatasetSettings]] = Registry("dataset", "digits")
