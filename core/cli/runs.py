"""The commands for runs as things: their metadata, the trash, the queue, and their metrics for other programs."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.cli.choosing import choice, chosen_config
from core.cli.common import A_RUN, Commands, Result, WrongInput, asked_computer, find, on_computer
from core.errors import TrainDeskError
from core.export.saved.run_file import open_run
from core.files import folder_size
from core.machine.trash import Trash
from core.nodes.registry import HERE
from core.runs.disk import disk_problem
from core.runs.metadata import RunMetadata, add_tags, change_metadata, remove_tags, title_of
from core.runs.placement import placement_of
from core.runs.queue import move, send, waiting, withdraw
from core.runs.store import Run, create_run
from core.runs.trash import delete_run, deleted_at, deleted_runs, empty_trash, restore_run
from core.text.numbers import bytes_in_words
from core.workers.dispatch import ensure_supervisor, submit


def add_run_commands(commands: Commands) -> None:
    """Adds these commands to those of all."""
    about = "queue a recipe: it is trained in the background when its turn comes"
    commands.add("submit", _submit, about, choice(), on_computer())
    queue = commands.add("queue", _queue, "list the runs that wait, or change the place of one")
    queue.add_argument("run", metavar="RUN", nargs="?", help="run id, a unique beginning of it, or 'latest'")
    place = queue.add_mutually_exclusive_group()
    for name, summary in (
        ("up", "one place nearer to its turn"),
        ("down", "one place back"),
        ("first", "the next to start"),
        ("remove", "out of the queue"),
    ):
        place.add_argument(f"--{name}", dest="where", action="store_const", const=name, help=summary)
    place.add_argument(
        "--computer", metavar="NAME", help=f"train it there; '{HERE}': on this one, 'any': whichever is free"
    )
    rename = commands.add("rename", _rename, "give a run another title", A_RUN)
    rename.add_argument("title", metavar="TITLE", help="empty: the title that its config has")
    note = commands.add("note", _note, "write a note on a run", A_RUN)
    note.add_argument("text", metavar="TEXT", help="replaces the note that it has; empty: none")
    for name, command, summary in (("tag", _tag, "put tags on a run"), ("untag", _untag, "take tags off a run")):
        commands.add(name, command, summary, A_RUN).add_argument("tags", metavar="TAG", nargs="+")
    favourite = commands.add("favourite", _favourite, "mark a run as a favourite", A_RUN)
    favourite.add_argument("--off", action="store_true", help="take the mark off")
    commands.add("delete", _delete, "move a run to the trash", A_RUN)
    deleted = commands.add("restore", _restore, "take a run out of the trash")
    deleted.add_argument("run", metavar="RUN", help="run id, or a unique beginning of it")
    trash = commands.add("trash", _trash, "list the deleted runs, or remove them for good")
    trash.add_argument("--empty", action="store_true", help="remove them for good")
    opening = commands.add("open", _open, "bring a run that was saved as a file into the folder of runs")
    opening.add_argument("file", metavar="FILE", type=Path, help="such as run.traindesk")


def _submit(options: argparse.Namespace) -> Result:
    config = chosen_config(options)
    if problem := disk_problem(options.runs):
        raise TrainDeskError(problem)
    computer = asked_computer(options, config.training.device)
    return submitted(create_run(config, options.runs), options, computer)


def submitted(run: Run, options: argparse.Namespace, computer: str) -> Result:
    """Queues it, and says whether it was started. Raises TrainDeskError."""
    is_started = submit(run, options.data, computer=computer)
    before = 0 if is_started else _waiting_before(run)
    where = placement_of(run.folder).computer
    text = (
        f"{run.id}: started{f' on {where}' if where else ''}."
        if is_started
        else f"{run.id}: queued, {before} before it."
    )
    return Result({"run": run.id, "started": is_started, "before": before, "computer": where}, text)


def _waiting_before(run: Run) -> int:
    runs = [entry.run for entry in waiting(run.folder.parent) if not entry.run.is_on_its_way()]
    return runs.index(run) if run in runs else 0  # a supervisor may have started it by now


def _queue(options: argparse.Namespace) -> Result:
    asked = options.where or ("computer" if options.computer else "")
    if options.run is None and not asked:
        return _queue_listing(options)
    if options.run is None:
        raise WrongInput(f"--{asked} needs to know which run; give its id before it.")
    run = find(options)
    if not asked:
        raise WrongInput(
            f"Say what to do with run {run.id} in the queue: --up, --down, --first, --remove or --computer."
        )
    if options.computer:
        send(run, asked_computer(options, run.config().training.device))
        ensure_supervisor(options.runs, options.data)
    elif options.where != "remove":
        move(run, options.where)
    elif not withdraw(run):
        raise TrainDeskError(
            f"Run {run.id} does not wait in the queue (it is {run.status().name}); nothing was changed."
        )
    return _queue_listing(options)


def _queue_listing(options: argparse.Namespace) -> Result:
    entries = [entry for entry in waiting(options.runs) if not entry.run.is_on_its_way()]
    listing: list[dict[str, Any]] = [
        {"run": entry.run.id, "owner": entry.owner, "since": entry.since, "computer": entry.computer}
        for entry in entries
    ]
    lines = [
        f"{place:>3} {item['run']:<48} since {_moment(item['since'])}{_for(item['computer'])}"
        for place, item in enumerate(listing, 1)
    ]
    return Result(listing, "\n".join(lines) or "No run waits.")


def _for(computer: str) -> str:
    return f", for {'this computer' if computer == HERE else computer}" if computer else ""


def _rename(options: argparse.Namespace) -> Result:
    run = find(options)
    metadata = change_metadata(run, title=options.title)
    what = f"is called '{metadata.title}' now" if metadata.title else "has the title of its config again"
    return _labelled(run, metadata, what)


def _note(options: argparse.Namespace) -> Result:
    run = find(options)
    metadata = change_metadata(run, note=options.text)
    return _labelled(run, metadata, "has that note now" if metadata.note else "has no note now")


def _tag(options: argparse.Namespace) -> Result:
    run = find(options)
    return _tagged(run, add_tags(run, options.tags))


def _untag(options: argparse.Namespace) -> Result:
    run = find(options)
    return _tagged(run, remove_tags(run, options.tags))


def _tagged(run: Run, metadata: RunMetadata) -> Result:
    return _labelled(run, metadata, f"has the tags {', '.join(metadata.tags)}" if metadata.tags else "has no tags")


def _favourite(options: argparse.Namespace) -> Result:
    run = find(options)
    metadata = change_metadata(run, favourite=not options.off)
    return _labelled(run, metadata, "is a favourite" if metadata.favourite else "is no favourite")


def _labelled(run: Run, metadata: RunMetadata, what: str) -> Result:
    return Result({"run": run.id, **asdict(metadata)}, f"{run.id} {what}.")


def _delete(options: argparse.Namespace) -> Result:
    run = find(options)
    delete_run(run)
    return Result({"run": run.id, "deleted": True}, f"{run.id} is in the trash; restore {run.id} takes it out again.")


def _restore(options: argparse.Namespace) -> Result:
    there = find(argparse.Namespace(run=options.run, runs=Trash(options.runs).folder))
    run = restore_run(there.id, options.runs)
    status = run.status().name
    return Result({"run": run.id, "status": status}, f"{run.id} is back; it is {status}.")


def _trash(options: argparse.Namespace) -> Result:
    if options.empty:
        freed = empty_trash(options.runs)
        return Result({"freed_bytes": freed}, f"The trash is empty; {bytes_in_words(freed)} were freed.")
    listing: list[dict[str, Any]] = [
        {"run": run.id, "deleted": deleted_at(run), "bytes": folder_size(run.folder)}
        for run in deleted_runs(options.runs)
    ]
    lines = [
        f"{item['run']:<48} {bytes_in_words(item['bytes']):>8}  deleted {_moment(item['deleted'])}" for item in listing
    ]
    return Result(listing, "\n".join(lines) or "The trash is empty.")


def _open(options: argparse.Namespace) -> Result:
    run = open_run(options.file, options.runs, options.data, "")
    status = run.status().name
    return Result(
        {"run": run.id, "status": status}, f"'{title_of(run, run.config())}' is here now as {run.id}; it is {status}."
    )


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
