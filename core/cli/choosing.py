"""How a command line names the config of a new run: a recipe, a file or own pictures, and settings that are changed."""

from __future__ import annotations

import argparse
import contextlib
import os
from pathlib import Path

from core.cli.common import WrongInput
from core.cli.overrides import with_overrides
from core.errors import TrainDeskError
from core.image_sets.evidence import SCRATCH, TRANSFER, evidence_of
from core.image_sets.own_dataset import OwnDataset
from core.recipes import find_recipe
from core.run_config import RunConfig


def choice() -> argparse.ArgumentParser:
    """The parent of the parsers of commands that take a config."""
    parser = argparse.ArgumentParser(add_help=False)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--recipe", metavar="NAME")
    what.add_argument("--config", type=Path, metavar="FILE", help="a run's config.json instead of a recipe")
    what.add_argument("--images", metavar="ID", help="own pictures, as the page suggests to train on them, or 'latest'")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--transfer", action="store_true", help="with --images: begin with a network that knows photos")
    kind.add_argument("--scratch", action="store_true", help="with --images: begin with a network that knows nothing")
    parser.add_argument(
        "--set", action="append", default=[], nargs="+", metavar="KEY=VALUE", help="change a setting, e.g. epochs=3"
    )
    return parser


def chosen_config(options: argparse.Namespace) -> RunConfig:
    """Raises SettingsError or WrongInput."""
    assignments = [text for group in options.set for text in group]
    if (options.transfer or options.scratch) and not options.images:
        raise WrongInput(f"--{'transfer' if options.transfer else 'scratch'} is for own pictures; add --images ID.")
    if options.images:
        config = _of_images(options)
    elif options.config is None:
        config = find_recipe(options.recipe).config()
    else:
        try:
            config = RunConfig.from_json(options.config.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise WrongInput(f"The config '{options.config}' cannot be read ({error}).") from None
    return with_overrides(config, assignments)


def _of_images(options: argparse.Namespace) -> RunConfig:
    from core.cli.images import dataset_of
    from core.datasets.own_images import facts_of
    from core.image_sets.suggest import suggested

    dataset = dataset_of(options, options.images)
    version = dataset.newest()
    if not options.transfer and not options.scratch:
        _look_at(dataset, version)
    data = suggested(dataset, TRANSFER if options.transfer else SCRATCH if options.scratch else "")
    data["dataset"] |= {"version": version, "facts": facts_of(dataset, version)}  # they may lie in another data folder
    return RunConfig.from_dict(data)


def _look_at(dataset: OwnDataset, version: int) -> None:
    """The same seconds of looking by which a page says what comes first; where they cannot be, the rule decides."""
    if os.environ.get("TRAINDESK_PROBE") != "0" and evidence_of(dataset, version) is None:
        from core.image_analysis.probe import probe

        with contextlib.suppress(OSError, TrainDeskError):
            probe(dataset, version, times=False)
