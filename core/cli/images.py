"""The commands for own pictures: import them and see how they were read, list, show and export datasets."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.cli.common import Commands, Result, WrongInput, argument
from core.errors import TrainDeskError
from core.files import remedy, remove_folder
from core.image_sets.checks import findings
from core.image_sets.export import write_zip
from core.image_sets.finding import passed_over
from core.image_sets.folders import accept, find_dataset, list_datasets
from core.image_sets.imports import new_job
from core.image_sets.ingest import Report, ingest
from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.image_sets.shares import arrangement_of, as_suggested
from core.image_sets.twins import left_alone
from core.machine.processes import Reporter
from core.text.numbers import count


def add_images_commands(commands: Commands) -> None:
    """Adds `images` with its commands to those of all."""
    images = commands.below("images", "own pictures: bring in, list, show, export")
    of_one = argument("dataset", metavar="ID")
    take = images.add("import", _import, "read a ZIP or a folder and say how it was read")
    take.add_argument("file", metavar="FILE", type=Path, help="a ZIP or a folder")
    take.add_argument("--keep", action="store_true", help="keep it as a dataset; without this nothing is left")
    take.add_argument("--title", help="of the dataset (default: the file's name)")
    take.add_argument(
        "--class", dest="class_name", default="", metavar="NAME", help="of pictures that lie in no folder"
    )
    reading_help = "read it in another way; which there are is said when it was read"
    take.add_argument("--as", dest="reading", default="", metavar="READING", help=reading_help)
    images.add("list", _list, "list the datasets")
    images.add("show", _show, "classes, versions and findings of a dataset", of_one)
    images.add("check", _check, "look for wrong labels among all pictures of a dataset", of_one)
    export = images.add("export", _export, "write a dataset as a ZIP that can be brought in again", of_one)
    export.add_argument("file", metavar="FILE", type=Path)


def dataset_of(options: argparse.Namespace, name: str) -> OwnDataset:
    """The dataset of that id, or the newest for 'latest'. Raises WrongInput."""
    if name == "latest":
        found = list_datasets(options.data)
        if not found:
            raise WrongInput(
                f"There are no own pictures in {options.data} yet; bring some with 'images import FILE --keep'."
            )
        return found[0]
    try:
        return find_dataset(name, options.data)
    except OwnDataError as error:
        raise WrongInput(str(error)) from None


def _import(options: argparse.Namespace) -> Result:
    if not options.file.exists():
        raise WrongInput(f"There is no '{options.file}'; give a ZIP or a folder.")
    job = new_job(options.data)
    read: dict[str, Any] = {}
    try:
        dataset, report = ingest(
            options.file,
            job.dataset.folder,
            options.file.stem,
            _telling(),
            options.class_name,
            options.reading,
            lambda layout: read.update(layout.summary()),
        )
        about = _about(dataset, report, read)
        if options.keep:
            about["id"] = accept(dataset, options.title or options.file.stem, options.data).id
    except OSError as error:
        raise TrainDeskError(f"The pictures could not be kept ({error.strerror}); {remedy(error)}.") from error
    finally:
        remove_folder(job.folder)
    lines = [
        about["layout"],
        *_reading_lines(about),
        f"{count(about['pictures'], 'picture')}: {_counted(about['classes'])}",
        *about["notes"],
        *(f"Passed over: {passed_over(files, kind)}" for kind, files in about["skipped"].items()),
        *(f"Unreadable: {name} {why}" for name, why in about["unreadable"]),
        *_finding_lines(about["findings"]),
        f"Kept as {about['id']}." if options.keep else "Nothing was kept; --keep keeps it.",
    ]
    return Result(about, "\n".join(lines))


def _reading_lines(about: dict[str, Any]) -> list[str]:
    lines = []
    for part in about["tree"]:
        called = f"{part['called']} -> {part['split']}" if part["called"] else part["split"] or "all"
        more = f", and {part['more']:,} more" if part["more"] else ""
        classes = ", ".join(f"{name} {count:,}" for name, count in part["classes"])
        lines.append(f"  {called} ({part['pictures']:,}): {classes}{more}")
    if about["question"]:
        lines.append(f"? {about['question']}")
    if len(about["alternatives"]) > 1:
        lines += [
            f"{'*' if key == about['reading'] else ' '} --as {key}: {words}"
            for key, words in about["alternatives"].items()
        ]
    return lines


def _about(dataset: OwnDataset, report: Report, read: dict[str, Any]) -> dict[str, Any]:
    return {
        **asdict(report),
        "reading": read["key"],
        "question": read["question"],
        "alternatives": read["alternatives"],
        "tree": read["trees"][read["key"]],
        **_content(dataset),
    }


def _content(dataset: OwnDataset) -> dict[str, Any]:
    shared = as_suggested(arrangement_of(dataset))
    return {
        "plan": [
            {"name": name, **dict(zip(("train", "val", "test"), counts, strict=False))}
            for name, counts in zip(shared.names, shared.counts.tolist(), strict=True)
        ],
        "can_train": not shared.stops(),
        "classes": [{"name": each.name, "enabled": each.enabled, **each.counts} for each in dataset.classes()],
        "findings": [
            {"kind": each.kind, "sentence": each.sentence, "serious": each.is_serious, "repair": each.action}
            for each in findings(dataset)
        ],
    }


def _list(options: argparse.Namespace) -> Result:
    found = []
    for dataset in list_datasets(options.data):
        classes = dataset.classes()
        pictures = sum(each.images for each in classes)
        found.append({"id": dataset.id, "title": dataset.title, "pictures": pictures, "classes": len(classes)})
    lines = [
        f"{each['id']:<48} {each['pictures']:>8,} pictures, {each['classes']} classes  {each['title']}"
        for each in found
    ]
    return Result(found, "\n".join(lines) or f"There are no own pictures in {options.data} yet.")


def _show(options: argparse.Namespace) -> Result:
    dataset = dataset_of(options, options.dataset)
    versions = [{"number": each.number, "words": each.words} for each in dataset.versions()]
    about = {"id": dataset.id, "title": dataset.title, "versions": versions, **_content(dataset)}
    lines = [
        f"{dataset.id}: {dataset.title}",
        *(f"{each['name']:<24} {_splits(each)}" for each in about["classes"]),
        *(f"Version {each['number']}: {each['words']}" for each in versions),
        *_finding_lines(about["findings"]),
    ]
    return Result(about, "\n".join(lines))


def _check(options: argparse.Namespace) -> Result:
    """Those that people have settled on the Data page are left out."""
    from core.image_analysis.label_check import open_doubts, run_label_check  # and all that decodes pictures

    dataset = dataset_of(options, options.dataset)
    found = run_label_check(dataset, _telling())
    if found.state != "ready":
        raise TrainDeskError(found.message)
    doubts = open_doubts(dataset, found, left_alone(dataset))
    names = {each.id: each.name for each in dataset.classes()}
    files = {each.id: each.name for each in dataset.pictures([doubt.image for doubt in doubts])}
    listed = [
        {
            "image": doubt.image,
            "file": files[doubt.image],
            "labelled": names[doubt.labelled],
            "looks_like": names[doubt.said],
            "probability": doubt.likely,
        }
        for doubt in doubts
    ]
    about = {
        "id": dataset.id,
        "version": found.version,
        "pictures": found.pictures,
        "looked_at": found.looked_at,
        "doubts": listed,
    }
    lines = [f"Looked at {found.looked_at:,} of {found.pictures:,} pictures: {len(doubts):,} labels may be wrong."]
    lines += [f"{each['file']}: {each['labelled']}, looks like {each['looks_like']}" for each in listed]
    return Result(about, "\n".join(lines))


def _export(options: argparse.Namespace) -> Result:
    dataset = dataset_of(options, options.dataset)
    write_zip(dataset, options.file)
    return Result({"id": dataset.id, "file": str(options.file)}, f"Written to {options.file}.")


def _counted(classes: list[dict[str, Any]]) -> str:
    return "; ".join(f"{each['name']} {_splits(each)}" for each in classes)


def _splits(each: dict[str, Any]) -> str:
    counts = ", ".join(f"{each[split]:,} {split}" for split in ("train", "val", "test") if each.get(split))
    return (counts or "no pictures") + ("" if each["enabled"] else " (off)")


def _finding_lines(found: list[dict[str, Any]]) -> list[str]:
    return [("! " if each["serious"] else "- ") + each["sentence"] for each in found]


def _telling() -> Reporter:
    """Says on standard error, now and then, how far the work is."""

    def tell(phase: str, done: int, total: int, _began: float) -> None:
        print(f"{phase}{f': {done:,} of {total:,}' if total else ''}", file=sys.stderr)

    return Reporter(tell, 2.0)
