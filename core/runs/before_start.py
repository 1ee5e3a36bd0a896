"""What must be known before a training starts: how its pictures will be shared out, and for what it cannot start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.image_sets.split_reasons import Shared
from core.image_sets.splitting import TRAIN
from core.run_config import RunConfig
from core.settings.settings import Problem, SettingsError


def shared_out(config: RunConfig, data_folder: Path) -> Shared:
    """The pictures of each class and part as this training will have them."""
    training = config.training
    return config.dataset.shared_out(data_folder, training.validation_share, training.seed, training.training_pictures)


def problems_before_start(config: RunConfig, data_folder: Path, shared: Shared | None = None) -> list[Problem]:
    """What its own pictures forbid a training, each with the setting it is about; what needs no pictures to be known a
    RunConfig has found itself."""
    shared = shared or shared_out(config, data_folder)
    found = [Problem("dataset", sentence) for sentence in shared.stops()]
    left, size, limit = shared.total(TRAIN), config.training.batch_size, config.training.training_pictures
    if not found and size > left:
        found.append(Problem("training.batch_size", config.dataset.batch_too_large(size, left, limit)))
    return found


def check_before_start(config: RunConfig, data_folder: Path, shared: Shared | None = None) -> None:
    """Raises SettingsError."""
    found = problems_before_start(config, data_folder, shared)
    if found:
        by_path = {each.path for each in found}
        mends = Problem(
            "dataset", "Its page under Data has buttons that mend what can be mended; else bring more pictures."
        )
        raise SettingsError([*found, mends] if "dataset" in by_path else found)


def check_of_many(data_folder: Path) -> Callable[[RunConfig], None]:
    """`check_before_start` for configs that share their pictures out in few ways: each way is reckoned once."""
    known: dict[tuple[str, float, int, int], Shared] = {}

    def check(config: RunConfig) -> None:
        training = config.training
        way = (
            config.dataset.model_dump_json(),
            training.validation_share,
            training.seed,
            training.training_pictures,
        )
        if way not in known:
            known[way] = shared_out(config, data_folder)
        check_before_start(config, data_folder, known[way])

    return check
