"""Someone's own pictures: a dataset that was imported on the Data page, in one of its versions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.datasets._base import (
    DATASETS,
    DatasetError,
    DatasetInfo,
    DatasetSettings,
    ImageData,
    Preparation,
    spread_over_classes,
)
from core.image_sets.folders import cache_name, dataset_at, find_dataset, forget_decoded, sets_folder
from core.image_sets.keeping import Erased, erased
from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.image_sets.shares import arrangement_of, shared_out
from core.image_sets.split_reasons import Shared
from core.paths import data_folder as usual_data_folder
from core.settings.settings import setting

if TYPE_CHECKING:
    from PIL import Image

MOST_DECODED = 4  # versions and sizes of one dataset that are kept decoded


class Facts(BaseModel):
    """What a version is made of, kept with every run: it can be used where the pictures are not."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: str = ""
    class_names: tuple[str, ...] = ("first", "second")
    train_images: int = 100  # those for validation are among them
    val_images: int | None = None  # that were given for validation; None: in facts of before this was noted
    test_images: int = 20
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    deviation: tuple[float, float, float] = (0.25, 0.25, 0.25)


@DATASETS.register
class OwnImages(DatasetSettings):
    """Your own pictures: bring them on the Data page, then choose them here.

    Every edit there makes a new version; a run remembers the one it saw.
    """

    label: ClassVar[str] = "Your own pictures"
    has_groups: ClassVar[bool] = True
    name: Literal["own_images"] = "own_images"
    source: str = setting("", "Pictures")
    """Which of your datasets. New ones are brought in on the Data page."""
    version: int = setting(0, "Version", ge=0, le=10**9)
    """Which state of the dataset. 0: the newest."""
    side: Literal[28, 32, 48, 64, 96, 128, 160, 192, 224] = setting(
        64, "Picture size", labels={side: f"{side} x {side}" for side in (28, 32, 48, 64, 96, 128, 160, 192, 224)}
    )
    """How many pixels a side pictures get. More shows more and takes longer: twice the side, four times the time."""
    fit: Literal["crop", "pad", "stretch", "ink"] = setting(
        "crop",
        "Made square by",
        labels={
            "crop": "cutting out its middle",
            "pad": "adding edges",
            "stretch": "squeezing",
            "ink": "centring what is drawn",
        },
    )
    """How a picture becomes a square: its middle, all of it with edges added, squeezed, or its ink alone, as in
    MNIST."""
    colour: Literal["colour", "grey"] = setting("colour", "Colour")
    """Whether the network sees colours."""
    facts: Facts = Field(Facts(), json_schema_extra={"hidden": True})

    @model_validator(mode="before")
    @classmethod
    def _facts_of_the_version(cls, data: Any) -> Any:
        """Looks the facts up where they are not given: a form knows the dataset's name only."""
        if not isinstance(data, dict) or not isinstance(data.get("source"), str) or not data["source"]:
            return data
        if isinstance(data.get("facts"), dict | Facts) and data.get("version"):
            return data
        try:
            dataset = find_dataset(data["source"], usual_data_folder())
            version = data.get("version")
            if not isinstance(version, int) or isinstance(version, bool) or version <= 0:
                version = dataset.newest()
            return data | {"version": version, "facts": facts_of(dataset, version)}
        except OwnDataError as error:
            raise ValueError(str(error)) from error

    @property
    def drawable(self) -> bool:  # type: ignore[override]
        return self.fit == "ink"

    @property
    def black_background(self) -> bool:  # type: ignore[override]
        return self.fit == "ink"

    @property
    def input_hint(self) -> str:  # type: ignore[override]
        names = [f"'{name}'" for name in self.facts.class_names]
        return f"{names[0]} or {names[1]}" if len(names) == 2 else f"{', '.join(names[:3])} ..."

    def title(self) -> str:
        return self.facts.title or self.label

    def problem(self) -> str:
        if not self.source:
            return "No pictures are chosen; choose one of your datasets, or bring pictures on the Data page first."
        classes = len(self.facts.class_names)
        if classes < 2:
            return f"'{self.title()}' has {classes} class with pictures; a network needs at least 2 to tell apart."
        if self.facts.test_images < 1:
            return f"'{self.title()}' has no test pictures; bring more pictures, or mark some as test on the Data page."
        return ""

    def info(self) -> DatasetInfo:
        facts = self.facts
        channels = self._channels()
        mean: tuple[float, ...] = facts.mean
        deviation: tuple[float, ...] = facts.deviation
        if self.fit == "ink":  # white on black, as in MNIST
            mean, deviation = (0.1307,), (0.3081,)
        elif channels == 1:
            mean, deviation = (round(sum(mean) / 3, 4),), (round(sum(deviation) / 3, 4),)
        return DatasetInfo(
            shape=(channels, self.side, self.side),
            class_names=facts.class_names,
            train_images=facts.train_images,
            test_images=facts.test_images,
            mean=mean,
            deviation=deviation,
        )

    def shared_out(self, data_folder: Path, share: float, seed: int, limit: int = 0) -> Shared:
        """Where the pictures are not here, as far as the facts tell: their numbers, no class and no group."""
        try:
            made = arrangement_of(find_dataset(self.source, data_folder), self.version)
        except (OwnDataError, OSError):
            facts = self.facts
            given = facts.val_images or 0
            held = given or max(len(facts.class_names), round(facts.train_images * share))
            counts = np.array([[facts.train_images - held, held, facts.test_images, 0]])
            return Shared((self.title(),), counts, by_share=not given)
        return shared_out(made, share, seed, limit)

    def brings_validation(self) -> bool | None:
        return None if self.facts.val_images is None else self.facts.val_images > 0

    def _channels(self) -> int:
        return 1 if self.colour == "grey" or self.fit == "ink" else 3

    def sources(self, data_folder: Path) -> list[Path]:
        return [dataset_at(self.source or "none", data_folder).facts_file(self.version)]

    def preparation(self) -> Preparation:
        return Preparation("fit", "prepare_square", {"channels": self._channels(), "side": self.side, "fit": self.fit})

    def steps(self, image: Image.Image) -> list[tuple[str, np.ndarray]]:
        if self.fit != "ink":
            return []
        from core.images.ink import ink_steps

        return ink_steps(image)

    def load(self, data_folder: Path) -> ImageData:
        """All in memory: used where nothing can be kept on disk."""
        import torch

        parts = []
        for split in ("train", "test"):
            images, *others = self._rows(data_folder, split)
            pixels = np.empty((len(images), *self.info().shape), dtype=np.uint8)
            self._fill(pixels, data_folder, images)
            parts.append([torch.from_numpy(values) for values in (pixels, *others)])
        (train, train_labels, group_ids), (test, test_labels, _) = parts
        return ImageData(train, train_labels, test, test_labels, group_ids)

    def write_arrays(self, data_folder: Path, folder: Path) -> bool:
        from core.datasets.cache import save

        channels, height, width = self.info().shape
        forget_decoded(self.source, data_folder, but=MOST_DECODED - 1)
        for split in ("train", "test"):
            images, labels, group_ids = self._rows(data_folder, split)
            shape = (len(images), height, width, channels)
            pixels = np.lib.format.open_memmap(folder / f"{split}_pixels.npy", "w+", np.uint8, shape)
            self._fill(np.moveaxis(pixels, 3, 1), data_folder, images)
            pixels.flush()
            save(folder / f"{split}_labels.npy", labels)
            if split == "train":
                save(folder / "train_kin.npy", group_ids)
        return True

    def examples(self, data_folder: Path, count: int) -> np.ndarray:
        images, labels, _ = self._rows(data_folder, "train")
        images = images[spread_over_classes(labels, count)]
        pixels = np.empty((len(images), *self.info().shape), dtype=np.uint8)
        self._fill(pixels, data_folder, images)
        return pixels

    def cache_name(self) -> str:
        return cache_name(self.source)

    def erased(self, data_folder: Path) -> Erased | None:
        """On which day its pictures went because their days were over; None where they did not."""
        return erased(sets_folder(data_folder), dataset_at(self.source or "none", data_folder).id)

    def _rows(self, data_folder: Path, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Image numbers, labels and groups of a part; what is chosen for `val` has the group -1. Raises DatasetError."""
        try:
            dataset = find_dataset(self.source, data_folder)
            members = dataset.members(self.version)
            ids = dataset.facts(self.version)["class_ids"]
        except OwnDataError as error:
            if gone := self.erased(data_folder):
                raise DatasetError(
                    f"The pictures of '{self.title()}' were deleted on {gone.on}, as was chosen for them; choose another dataset."
                ) from error
            raise DatasetError(
                f"The pictures of '{self.title()}' are not in {data_folder}; bring them back, or choose another dataset."
            ) from error
        label_of = np.full(max(ids, default=0) + 1, -1, dtype=np.int64)
        label_of[ids] = np.arange(len(ids))
        labels = np.where(members.classes < len(label_of), label_of[np.minimum(members.classes, len(label_of) - 1)], -1)
        chosen = (labels >= 0) & ((members.splits == 2) == (split == "test"))
        group_ids = np.where(members.splits == 1, -1, members.group_ids)
        return members.images[chosen], labels[chosen], group_ids[chosen]

    def _fill(self, pixels: np.ndarray, data_folder: Path, images: np.ndarray) -> None:
        """Puts these pictures, prepared, into uint8 (N, C, H, W). Raises DatasetError."""
        from core.image_sets.decode import prepared

        try:
            how = {"channels": self._channels(), "side": self.side, "fit": self.fit}
            for start, block in prepared(find_dataset(self.source, data_folder), images, how):
                pixels[start : start + len(block)] = block
        except OwnDataError as error:
            raise DatasetError(str(error)) from error


def facts_of(dataset: OwnDataset, version: int) -> dict[str, Any]:
    """What `Facts` takes. Raises OwnDataError when there is no such version."""
    facts = {name: value for name, value in dataset.facts(version).items() if name != "class_ids"}
    return facts | {"title": dataset.title}
