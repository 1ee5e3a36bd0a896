"""The command line: recipes, train, runs, evaluate, classify.

Results go to standard output, as text or with --json as one JSON document; progress and errors go to standard error.
Exit status: 0 done, 1 failed, 2 wrong input.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from core.config import RunConfig
from core.errors import ImageError, TrainDeskError
from core.overrides import with_overrides
from core.paths import data_folder, runs_folder
from core.recipes import RECIPES, find_recipe
from core.runs import events
from core.runs.history import History
from core.runs.store import Run, create_run, find_run, list_runs
from core.settings import SettingsError

DONE, FAILED, WRONG_INPUT = 0, 1, 2


class WrongInput(TrainDeskError):
    """The command line names something that does not exist."""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except (SettingsError, WrongInput) as error:
        return _complain(options, error, WRONG_INPUT)
    except TrainDeskError as error:
        return _complain(options, error, FAILED)
    except KeyboardInterrupt:
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description="TrainDesk without the browser.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON document")
    common.add_argument(
        "--data", type=Path, default=data_folder(), help="data folder (default: TRAINDESK_DATA or ./data)"
    )
    common.add_argument(
        "--runs", type=Path, default=runs_folder(), help="runs folder (default: TRAINDESK_RUNS or ./checkpoints)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    recipes = commands.add_parser("recipes", parents=[common], help="list the ready recipes")
    recipes.set_defaults(command=_recipes)

    train = commands.add_parser("train", parents=[common], help="train a recipe to its end")
    train.add_argument("--recipe", required=True, metavar="NAME")
    train.add_argument(
        "--set", action="append", default=[], nargs="+", metavar="KEY=VALUE", help="change a setting, e.g. epochs=3"
    )
    train.set_defaults(command=_train)

    runs = commands.add_parser("runs", parents=[common], help="list the runs")
    runs.set_defaults(command=_runs)

    evaluate = commands.add_parser("evaluate", parents=[common], help="measure a run's best network on the test images")
    evaluate.add_argument("run", metavar="RUN", help="run id, a unique beginning of it, or 'latest'")
    evaluate.add_argument("--split", choices=["test", "val"], default="test")
    evaluate.set_defaults(command=_evaluate)

    classify = commands.add_parser("classify", parents=[common], help="say what pictures show")
    classify.add_argument("run", metavar="RUN", help="run id, a unique beginning of it, or 'latest'")
    classify.add_argument("images", metavar="IMAGE", nargs="+", type=Path)
    classify.set_defaults(command=_classify)
    return parser


def _recipes(options: argparse.Namespace) -> int:
    listing = [
        {"name": recipe.name, "title": recipe.title, "summary": recipe.summary, "config": recipe.config().to_dict()}
        for recipe in RECIPES
    ]
    _print(options, listing, "\n".join(f"{item['name']:<16} {item['summary']}" for item in listing))
    return DONE


def _train(options: argparse.Namespace) -> int:
    recipe = find_recipe(options.recipe)
    assignments = [text for group in options.set for text in group]
    config = RunConfig.from_dict(with_overrides(recipe.config().to_dict(), assignments))
    run = create_run(config, options.runs)

    from core.worker import work

    with _Progress(run) as progress:
        end = work(run, options.data, progress.show)
    report = _report(History(run).update().test)
    result = {"run": run.id, "status": end["event"], "message": end["message"], **report}
    _print(options, result, "\n".join([f"{run.id}: {end['event']}. {end['message']}", *_metric_lines(report)]))
    return DONE if end["event"] == events.FINISHED else FAILED


def _runs(options: argparse.Namespace) -> int:
    listing = [_summary(run) for run in list_runs(options.runs)]
    lines = [f"{item['run']:<48} {item['status']:<12} {item['message']}" for item in listing]
    _print(options, listing, "\n".join(lines) or f"There are no runs in {options.runs} yet.")
    return DONE


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
        "title": config.title,
        "dataset": config.dataset.name,
        "architecture": config.architecture.name,
        "val/accuracy": best.get("val/accuracy") if best else None,
        "test/accuracy": history.test.get("test/accuracy") if history.test else None,
    }


def _evaluate(options: argparse.Namespace) -> int:
    run = _find(options)
    path = run.checkpoint()
    if path is None:
        raise TrainDeskError(f"Run {run.id} has no checkpoint yet; wait for its first epoch to end.")

    from core.datasets.obtain import obtain
    from core.devices import resolve_device
    from core.training.batches import split
    from core.training.scoring import evaluate_checkpoint

    config = run.config()
    device = resolve_device(config.training.device)
    for _ in obtain(config.dataset, options.data):
        pass
    training = config.training
    splits = split(config.dataset.load(options.data), config.dataset, training.validation_share, training.seed, device)
    pictures = splits.test if options.split == "test" else splits.val
    measuring = evaluate_checkpoint(path, pictures, device, options.split)
    from tqdm import tqdm

    with tqdm(total=len(pictures), unit="image", file=sys.stderr) as bar:
        while True:
            try:
                bar.update(next(measuring).done - bar.n)
            except StopIteration as end:
                report = end.value
                break
    result = {"run": run.id, "checkpoint": path.stem, "split": options.split, **report}
    _print(options, result, "\n".join([f"{run.id}, {path.stem}, {options.split} images", *_metric_lines(report)]))
    return DONE


def _classify(options: argparse.Namespace) -> int:
    run = _find(options)

    from core.images.read import read_image
    from core.inference.classifier import Classifier

    classifier = Classifier.load(run)
    results: list[dict[str, Any]] = []
    for path in options.images:
        try:
            pixels = classifier.prepare(read_image(path, path.name))
        except ImageError as error:
            results.append({"file": str(path), "error": str(error)})
            continue
        probabilities = classifier.predict([pixels])[0].tolist()
        named = dict(zip(classifier.class_names, probabilities, strict=True))
        results.append({"file": str(path), "prediction": max(named, key=named.__getitem__), "probabilities": named})
    lines = [
        f"{item['file']}: {item['prediction']} ({item['probabilities'][item['prediction']]:.1%})"
        if "prediction" in item
        else f"{item['file']}: {item['error']}"
        for item in results
    ]
    _print(options, results, "\n".join(lines))
    return FAILED if any("error" in item for item in results) else DONE


def _find(options: argparse.Namespace) -> Run:
    try:
        return find_run(options.run, options.runs)
    except TrainDeskError as error:
        raise WrongInput(str(error)) from None


def _report(test: events.Event | None) -> dict[str, Any]:
    return {key: value for key, value in (test or {}).items() if key not in ("event", "time")}


def _metric_lines(report: dict[str, Any]) -> list[str]:
    return [f"{name:<16} {value:.4f}" for name, value in report.items() if "/" in name]


def _print(options: argparse.Namespace, result: Any, text: str) -> None:
    print(json.dumps(result) if options.json else text)


def _complain(options: argparse.Namespace, error: TrainDeskError, status: int) -> int:
    if options.json:
        print(json.dumps({"error": str(error)}))
    sentences = [problem.message for problem in error.problems] if isinstance(error, SettingsError) else [str(error)]
    print("\n".join(sentences), file=sys.stderr)
    return status


class _Progress:
    """A tqdm bar on standard error that follows a run's events."""

    def __init__(self, run: Run):
        self._run = run
        self._bar: Any = None

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, event: events.Event) -> None:
        from tqdm import tqdm

        if event["event"] == events.STARTED:
            self._bar = tqdm(total=event["total_steps"], unit="step", desc=self._run.id, file=sys.stderr)
        elif event["event"] == events.STEP and self._bar is not None:
            self._bar.update(event["step"] - self._bar.n)
        elif event["event"] == events.EPOCH and self._bar is not None:
            self._bar.set_postfix_str(f"epoch {event['epoch']}, val accuracy {event['val/accuracy']:.4f}")
