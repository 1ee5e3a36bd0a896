"""The commands that train: train, resume, pause, stop, adjust, forecast, describe and preview."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import Any

from core.cli.choosing import choice, chosen_config
from core.cli.common import A_RUN, Commands, Result, asked_computer, find, metric_lines
from core.cli.runs import submitted
from core.errors import TrainDeskError
from core.machine.awake import awake
from core.nodes.registry import HERE
from core.runs import events
from core.runs.before_start import check_before_start
from core.runs.history import History
from core.runs.store import Run, create_run, list_runs
from core.text.numbers import bytes_in_words, count
from core.workers.control import ask_to_resume, check_learning_rate, missing_device


def add_training_commands(commands: Commands) -> None:
    """Adds these commands to those of all."""
    chosen = choice()
    commands.add("train", _train, "train a recipe to its end", chosen)
    commands.add("forecast", _forecast, "measure how long a recipe will train, and in how much memory", chosen)
    commands.add("describe", _describe, "list the layers of a recipe's network", chosen)
    commands.add("fitting", _fitting, "list the runs whose weights a training can start from", chosen)
    preview = commands.add("preview", _preview, "save a picture of what augmentation does to a recipe's images", chosen)
    preview.add_argument("--out", required=True, metavar="FILE", help="a PNG file")
    resume = commands.add("resume", _resume, "go on with a run that was paused, stopped or interrupted", A_RUN)
    resume.add_argument("--more-epochs", type=int, default=0, metavar="N", help="train N epochs longer than planned")
    resume.add_argument("--learning-rate", type=float, metavar="X", help="from the next step on, before the schedule")
    resume.add_argument("--device", default="", metavar="D", help="cpu, cuda:1 and so on: compute there from now on")
    about = "queue it for this computer that has joined; 'any': for whichever is free (default: train it here, now)"
    resume.add_argument("--computer", default=HERE, metavar="NAME", help=about)
    resume.add_argument("--devices", type=int, default=0, metavar="N", help="compute on so many at once from now on")
    about = "images in a batch from now on, fewer where memory is short; the learning rate stays as it is"
    resume.add_argument("--batch-size", type=int, default=0, metavar="N", help=about)
    commands.add("pause", _pause, "pause a run within a step", A_RUN)
    commands.add("stop", _stop, "stop a run within a step", A_RUN)
    adjust = commands.add("adjust", _adjust, "change the learning rate of a running training", A_RUN)
    adjust.add_argument("--learning-rate", type=float, required=True, metavar="X")


def _train(options: argparse.Namespace) -> Result:
    config = chosen_config(options)
    check_before_start(config, options.data)
    return _work(create_run(config, options.runs), options)


def _resume(options: argparse.Namespace) -> Result:
    run = find(options)
    computer = asked_computer(options, options.device or run.config().training.device)
    if not options.device and computer == HERE and (sentence := missing_device(run.config())):
        print(sentence, file=sys.stderr)
    ask_to_resume(
        run,
        options.more_epochs,
        options.learning_rate,
        options.device,
        options.computer,
        options.devices,
        options.batch_size,
    )
    return _work(run, options) if computer == HERE else submitted(run, options, computer)


def _work(run: Run, options: argparse.Namespace) -> Result:
    from core.workers.torchrun import devices_of, work_in_ranks
    from core.workers.worker import work

    with awake("A network is being trained."), _Progress(run) as progress:
        if (devices := devices_of(run)) > 1:
            end = work_in_ranks(run, options.data, devices, progress.show)
        else:
            end = work(run, options.data, progress.show)
    report = report_of(History(run).update().test)
    result = {"run": run.id, "status": end["event"], "message": end["message"], **report}
    text = "\n".join([f"{run.id}: {end['event']}. {end['message']}", *metric_lines(report)])
    return Result(result, text, end["event"] == events.FINISHED)


def _forecast(options: argparse.Namespace) -> Result:
    config = chosen_config(options)
    check_before_start(config, options.data)

    from core.datasets.obtain import obtain
    from core.training.forecast import forecast
    from core.workers.choosing import forecast_choice

    for _ in obtain(config.dataset, options.data):
        pass
    device, automatic = forecast_choice(options.runs, config)
    found = forecast(config.with_changes({"training.device": device}), options.data)
    text = (
        f"{found.parameters:,} weights, {found.trainable:,} of them trained, in {found.precision} on {found.device} with "
        f"{count(found.threads, 'thread')}\n"
        f"{bytes_in_words(found.memory_bytes)} of memory\n"
        f"{found.seconds_before:,.1f} s before the first epoch, {found.seconds_per_epoch:,.1f} s for each of "
        f"{found.epochs:,} epochs, {found.seconds:,.1f} s in all"
    )
    if found.devices > 1:
        text += f"\n{found.times_as_fast:.1f} times as fast on {found.devices} devices at once as on one"
    if automatic:
        text += f"\n{automatic}"
    return Result({**asdict(found), "seconds": found.seconds, "automatic": automatic}, text)


def _preview(options: argparse.Namespace) -> Result:
    config = chosen_config(options)

    from PIL import Image

    from core.training.preview import as_sheet, preview

    shown = preview(config.dataset, config.augmentation, config.training.seed, options.data)
    sheet = as_sheet(shown)
    try:
        Image.fromarray(sheet[:, :, 0] if sheet.shape[2] == 1 else sheet).save(options.out, "PNG")
    except OSError as error:
        raise TrainDeskError(
            f"'{options.out}' could not be written ({error.strerror}); choose another file."
        ) from error
    found = {"file": options.out, "pictures": len(shown), "variants": shown.shape[1] - 1}
    return Result(found, f"{len(shown)} pictures, each changed {shown.shape[1] - 1} times, are in {options.out}.")


def _describe(options: argparse.Namespace) -> Result:
    config = chosen_config(options)

    from core.training.layers import described

    info = config.dataset.info()
    found = described(config.architecture, info.shape, len(info.class_names))
    lines = [
        f"{layer['words']:<40} {' x '.join(map(str, layer['shape'])):<16} {layer['parameters']:>12,} weights "
        f"{layer['multiply_adds']:>14,} multiply-adds{'' if layer['trains'] else ', frozen'}"
        for layer in found["layers"]
    ]
    return Result(found, "\n".join(lines))


def _fitting(options: argparse.Namespace) -> Result:
    config = chosen_config(options)

    from core.workers.fitting import fitting_runs

    found = [run.id for run in fitting_runs(config, list_runs(options.runs))]
    return Result({"runs": found}, "\n".join(found) or "No run's weights fit this network.")


def _pause(options: argparse.Namespace) -> Result:
    run = _active(options)
    run.request_pause()
    return Result({"run": run.id, "asked": "pause"}, f"{run.id} pauses after its present step.")


def _stop(options: argparse.Namespace) -> Result:
    run = _active(options)
    run.request_stop()
    return Result({"run": run.id, "asked": "stop"}, f"{run.id} stops after its present step.")


def _adjust(options: argparse.Namespace) -> Result:
    run = _active(options)
    check_learning_rate(run.config(), options.learning_rate)
    run.request_learning_rate(options.learning_rate)
    result = {"run": run.id, "asked": "learning_rate", "learning_rate": options.learning_rate}
    return Result(result, f"{run.id} learns at {options.learning_rate:g} from its next step on.")


def _active(options: argparse.Namespace) -> Run:
    run = find(options)
    status = run.status()
    if not status.is_active:
        raise TrainDeskError(f"Run {run.id} is not being trained (it is {status.name}); start or resume it first.")
    return run


def report_of(test: events.Event | None) -> dict[str, Any]:
    """A `test` event without what belongs to the log."""
    return {key: value for key, value in (test or {}).items() if key not in ("event", "time")}


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

        kind = event["event"]
        if kind in (events.STARTED, events.RESUMED):
            total, done = event["total_steps"], event.get("step", 0)
            self._bar = tqdm(total=total, initial=done, unit="step", desc=self._run.id, file=sys.stderr)
        elif kind == events.STEP and self._bar is not None:
            self._bar.update(event["step"] - self._bar.n)
        elif kind in (events.VALIDATION, events.EPOCH) and self._bar is not None:
            self._bar.set_postfix_str(f"epoch {event['epoch']}, validation accuracy {event['val/accuracy']:.4f}")
        elif kind == events.NOTICE:
            tqdm.write(event["message"], file=sys.stderr)
