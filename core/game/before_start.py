"""What is outside the rules of a game in a training that has not begun."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.game.played import Game
from core.game.rules import Rules, breaches_of_config, pictures_within
from core.image_sets.splitting import TRAIN
from core.run_config import RunConfig
from core.runs.before_start import shared_out
from core.text.numbers import count


def breaches_before_start(game: Game, group: str, config: RunConfig | None, data_folder: Path) -> list[str]:
    """One sentence for each rule that another run of this group with this config would break, as far as that is known
    without training: weights and seconds are not. Without a config what holds for any. Empty where none is."""
    found = list(_tries(game, group))
    if config:
        found += [*breaches_of_config(game.rules, config), *_limits(game.rules, config, data_folder)]
    return found


def _tries(game: Game, group: str) -> Iterator[str]:
    most, tries = game.rules.most_tries, sum(each.group.casefold() == group.casefold() for each in game.entries)
    if most and tries >= most:
        yield (
            f"This would be run {tries + 1:,} of your group; the rules allow {most:,}: click Play no more to train "
            "without the board, or ask the host to allow more tries."
        )


def _limits(rules: Rules, config: RunConfig, data_folder: Path) -> Iterator[str]:
    pictures, most, size = shared_out(config, data_folder).total(TRAIN), rules.most_pictures, config.training.batch_size
    if most and pictures > most:
        each, _ = pictures_within(most, config, data_folder)
        remedy = (
            f"set Training pictures (of each class) to at most {each:,}"
            if each
            else "that is less than one of each class, so ask the host to allow more"
        )
        yield f"Learns from {count(pictures, 'picture')}; the rules allow {most:,}: {remedy}."
    steps = pictures // size  # at least: what is left over may make one more
    if rules.most_steps and steps > rules.most_steps:
        yield (
            f"Its first epoch, at whose end the accuracy is measured, takes at least {count(steps, 'step')}; the rules allow "
            f"{rules.most_steps:,}: set Batch size to at least {-(-pictures // rules.most_steps):,}, "
            "or choose fewer training pictures."
        )
