"""The command line: recipes, runs, evaluate, classify, export, the commands that train, those for own pictures, labels, queue.

Results go to standard output, as text or with --json as one JSON document; progress and errors go to standard error.
Exit status: 0 done, 1 failed, 2 wrong input.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from core.cli.common import A_RUN, Commands, Result, WrongInput, argument, find, metric_lines
from core.cli.export import add_export_command
from core.cli.images import add_images_commands
from core.cli.node import add_node_command
from core.cli.runs import add_run_commands
from core.cli.share import add_share_commands
from core.cli.training import add_training_commands
from core.errors import ImageError, TrainDeskError
from core.machine.memory import KINDS, OutOfMemory, is_out_of_memory
from core.paths import data_folder, runs_folder
from core.recipes import RECIPES
from core.runs.history import History
from core.runs.metadata import title_of
from core.runs.placement import placement_of
from core.runs.store import Run, checkpoint_of, list_runs
from core.settings.settings import SettingsError
from core.text.encoding import print_utf8
from core.text.numbers import percent

NO_ROOM = "There is not enough memory on this computer for that"
DONE, FAILED, WRONG_INPUT = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    print_utf8()
    options = command_line().parse_args(arguments)
    try:
        result = options.command(options)
        print(json.dumps(result.data) if options.json else _plain(result.text))
        return DONE if result.is_well else FAILED
    except (SettingsError, WrongInput) as error:
        return _complain(options, error, WRONG_INPUT)
    except TrainDeskError as error:
        return _complain(options, error, FAILED)
    except KINDS as error:
        if not is_out_of_memory(error):
            raise
        return _complain(
            options, OutOfMemory(NO_ROOM, "choose a smaller batch size, smaller pictures or a smaller network"), FAILED
        )
    except KeyboardInterrupt:
        return FAILED


def command_line() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m core", description="TrainDesk without the browser.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON document")
    common.add_argument(
        "--data", type=Path, default=data_folder(), help="data folder (default: TRAINDESK_DATA or ./data)"
    )
    common.add_argument(
        "--runs", type=Path, default=runs_folder(), help="runs folder (default: TRAINDESK_RUNS or ./checkpoints)"
    )
    commands = Commands(parser, common)
    commands.add("recipes", _recipes, "list the ready recipes")
    add_training_commands(commands)
    commands.add("runs", _runs, "list the runs")
    add_run_commands(commands)
    add_images_commands(commands)
    add_share_commands(commands)
    add_node_command(commands)
    network = argument("--network", default="", metavar="NAME", help="best (default), last, or an epoch that was kept")
    evaluate = commands.add("evaluate", _evaluate, "measure a run's network on the test images", A_RUN, network)
    evaluate.add_argument("--split", choices=["test", "val"], default="test")
    add_export_command(commands, network)
    classify = commands.add("classify", _classify, "say what pictures show", A_RUN, network)
    classify.add_argument("images", metavar="IMAGE", nargs="+", type=Path, help="picture files, or folders of them")
    return parser


def _recipes(options: argparse.Namespace) -> Result:
    listing = [
        {"name": recipe.name, "title": recipe.title, "summary": recipe.summary, "config": recipe.config().to_dict()}
        for recipe in RECIPES
    ]
    return Result(listing, "\n".join(f"{item['name']:<16} {item['summary']}" for item in listing))


def _runs(options: argparse.Namespace) -> Result:
    listing = [_summary(run) for run in list_runs(options.runs)]
    lines = [f"{item['run']:<48} {item['status']:<12} {item['message']}" for item in listing]
    return Result(listing, "\n".join(lines) or f"There are no runs in {options.runs} yet.")


def _summary(run: Run) -> dict[str, Any]:
    history, status = History(run).update(), run.status()
    try:
        config = run.config()
    except TrainDeskError as error:
        return {"run": run.id, "status": status.name, "message": str(error)}
    best = history.best_epoch()
    return {
        "run": run.id,
        "status": status.name,
        "message": status.reason,
        "computer": placement_of(run.folder).computer,
        "title": title_of(run, config),
        "dataset": config.dataset.name,
        "architecture": config.architecture.name,
        "val/accuracy": best.get("val/accuracy") if best else None,
        "test/accuracy": history.test.get("test/accuracy") if history.test else None,
    }


def _evaluate(options: argparse.Namespace) -> Result:
    run = find(options)
    path = checkpoint_of(run, options.network)

    from core.datasets.cache import open_images
    from core.datasets.obtain import obtain
    from core.machine.devices import nearest_device
    from core.training.batches import split
    from core.training.evaluation import drained
    from core.training.scoring import evaluate_checkpoint

    config = run.config()
    device = nearest_device(config.training.device)
    for _ in obtain(config.dataset, options.data):
        pass
    training = config.training
    images = open_images(config.dataset, options.data)
    splits = split(images, config.dataset, training.validation_share, training.seed, device)
    pictures = splits.test if options.split == "test" else splits.val
    measuring = evaluate_checkpoint(path, pictures, device, options.split)
    from tqdm import tqdm

    with tqdm(total=len(pictures), unit="image", file=sys.stderr) as bar:
        report = drained(measuring, lambda told: bar.update(getattr(told, "done", bar.n) - bar.n)).report
    asked = options.network or path.stem
    result = {"run": run.id, "checkpoint": asked, "split": options.split, **report}
    return Result(result, "\n".join([f"{run.id}, {asked}, {options.split} images", *metric_lines(report)]))


def _classify(options: argparse.Namespace) -> Result:
    run = find(options)

    from core.images.read import pictures_in, read_image
    from core.inference.classifier import Classifier

    classifier = Classifier.load(run, options.network)
    known = _known(classifier, options.data)
    results: list[dict[str, Any]] = []
    for path in pictures_in(options.images):
        try:
            pixels = classifier.prepare(read_image(path, path.name))[None]
        except ImageError as error:
            results.append({"file": str(path), "error": str(error)})
            continue
        features, probabilities = classifier.embed(pixels)
        said: dict[str, Any] = {}
        if known:
            from core.inference.neighbours import tempered

            probabilities = tempered(probabilities, known.temperature)
            said["unfamiliar"] = bool(known.ood_score(features, pixels)[0] > known.limit())
        named = dict(zip(classifier.class_names, probabilities[0].tolist(), strict=True))
        results.append(
            {"file": str(path), "prediction": max(named, key=named.__getitem__), "probabilities": named, **said}
        )
    lines = [f"{item['file']}: {_answer(item)}" for item in results]
    return Result(results, "\n".join(lines), is_well=not any("error" in item for item in results))


def _known(classifier: Any, data_folder: Path) -> Any:
    """What is known of the pictures it learned from, see `Neighbours`; None where they are not here."""
    from core.datasets import DatasetError
    from core.inference.neighbours import Neighbours

    try:
        return Neighbours.of(classifier, data_folder)
    except DatasetError:
        return None


def _answer(item: dict[str, Any]) -> str:
    if "error" in item:
        return item["error"]
    prediction = item["prediction"]
    if item.get("unfamiliar"):
        return f"I don't know: unlike anything it learned from (if it had to choose: {prediction})"
    return f"{prediction} ({percent(item['probabilities'][prediction])})"


def _complain(options: argparse.Namespace, error: TrainDeskError, status: int) -> int:
    if options.json:
        print(json.dumps({"error": str(error)}))
    sentences = [problem.message for problem in error.problems] if isinstance(error, SettingsError) else [str(error)]
    print(_plain("\n".join(sentences)), file=sys.stderr)
    return status


def _plain(text: str) -> str:
    """With ordinary spaces: not every terminal knows the narrow one."""
    return text.replace("\u202f", " ")
