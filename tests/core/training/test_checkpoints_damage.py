"""Files that are damaged, foreign or made to do harm are refused in one sentence."""

import io
import os
import pickle
import random
import zipfile

import pytest
import torch

from core.errors import TrainDeskError
from core.inference.classifier import Classifier
from core.runs.store import Run
from core.training.build import description_of
from core.training.checkpoints import (
    CheckpointError,
    load_checkpoint,
    network_content,
    write_checkpoint,
)
from tests.core.training.stored import refused, rewrite
from tests.core.training.trained import plain
from tests.helpers import assert_one_sentence


def test_damage_anywhere_is_told_or_harmless(saved):
    whole = saved.best.read_bytes()
    expected = plain(load_checkpoint(saved.best))
    chance = random.Random(4)
    told = 0
    for offset in [0, 1, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(250))]:
        damaged = bytearray(whole)
        damaged[offset] ^= chance.randrange(1, 256)
        saved.best.write_bytes(damaged)
        try:
            content = load_checkpoint(saved.best)
        except CheckpointError as error:
            assert_one_sentence(str(error), "run/best.pt")
            told += 1
        else:
            assert plain(content) == expected, f"silently different after damage at byte {offset}"
    assert told > 50


def test_a_changed_weight_is_told_by_its_checksum(saved):
    whole = bytearray(saved.best.read_bytes())
    weights = load_checkpoint(saved.best)["model"]["0.weight"].numpy().tobytes()
    whole[whole.index(weights) + 5] ^= 1
    saved.best.write_bytes(whole)
    refused(saved, "does not match its checksum")


def test_damage_in_the_list_of_contents_is_told_or_harmless(saved, trained):
    """torch reads an entry whose attributes say "folder" as uninitialised memory; its checksum is right all the same."""
    state, config, _ = trained
    write_checkpoint(saved.best, network_content(state, description_of(config), {}))  # fewer entries, of the same kind
    whole = saved.best.read_bytes()
    expected = plain(load_checkpoint(saved.best))
    with zipfile.ZipFile(saved.best) as archive:
        begin = archive.start_dir
    for offset in range(begin, len(whole)):
        damaged = bytearray(whole)
        damaged[offset] ^= 0x10
        saved.best.write_bytes(damaged)
        try:
            content = load_checkpoint(saved.best)
        except CheckpointError:
            continue
        assert plain(content) == expected, f"silently different after damage at byte {offset - begin} of the list"


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.9, 0.99, 0.999])
def test_a_file_cut_short_is_refused(saved, share):
    whole = saved.best.read_bytes()
    saved.best.write_bytes(whole[: int(len(whole) * share)])
    refused(saved, "damaged", "train this one again")


def test_text_is_refused(saved):
    saved.best.write_text("These are no weights.\n" * 100)
    refused(saved, "damaged")


def test_a_folder_instead_of_a_file_is_refused(tmp_path):
    (tmp_path / "run" / "best.pt").mkdir(parents=True)
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(tmp_path / "run" / "best.pt")
    assert_one_sentence(str(caught.value), "run/best.pt")


def test_a_missing_checkpoint_asks_to_wait(tmp_path):
    run = Run(tmp_path / "run")
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(run.best)
    assert_one_sentence(str(caught.value), "does not exist yet", "wait for the first epoch")
    with pytest.raises(TrainDeskError) as caught:
        Classifier.load(run)
    assert_one_sentence(str(caught.value), "no checkpoint yet")


class Bomb:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("form", ["whole", "in the weights", "in the config", "bare pickle", "old torch format"])
def test_a_checkpoint_that_would_run_code_is_not_opened(form, saved, tmp_path):
    mark = tmp_path / "ran"
    bomb = Bomb(str(mark))
    if form == "bare pickle":
        saved.best.write_bytes(pickle.dumps(bomb))
    elif form == "old torch format":
        torch.save(bomb, saved.best, _use_new_zipfile_serialization=False)
    elif form == "whole":
        torch.save(bomb, saved.best)
    else:
        rewrite(saved, lambda content: content.update({"model" if form == "in the weights" else "config": bomb}))
    message = refused(saved)
    if form in ("whole", "in the weights", "in the config"):
        assert "holds more than weights and plain values, so it was not opened" in message
    assert not mark.exists()


@pytest.mark.parametrize("form", ["document", "bomb", "with the names of ours"])
def test_a_foreign_archive_is_refused_quickly(form, saved):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        if form == "document":
            archive.writestr("word/document.xml", "<xml/>" * 1000)
        elif form == "bomb":
            archive.writestr("zeros", bytes(100_000_000))
        else:
            for name in ("best/data.pkl", "best/version", "best/byteorder", "best/data/0"):
                archive.writestr(name, b"nothing of ours")
    saved.best.write_bytes(buffer.getvalue())
    refused(saved)


def test_a_checkpoint_that_is_packed_is_refused_before_it_is_unpacked(saved, monkeypatch):
    """A megabyte may unpack to a gigabyte, and the list of what is in it says so."""
    with zipfile.ZipFile(saved.best) as archive:
        content = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(saved.best, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in content.items():
            packed.writestr(name, data)
    monkeypatch.setattr(zipfile.ZipFile, "testzip", lambda _: pytest.fail("it was unpacked"))
    refused(saved, "is damaged")


@pytest.mark.filterwarnings("ignore:Validating sparse tensor")
@pytest.mark.parametrize(
    "large",
    [
        torch.zeros(1).expand(10**12),
        torch.empty(10**12, device="meta"),
        torch.zeros(3, 3).to_sparse(),
    ],
    ids=["repeated", "without numbers", "sparse"],
)
@pytest.mark.parametrize("place", ["model", "resume"])
def test_tensors_that_are_larger_than_their_bytes_are_refused(saved, large, place):
    """To look whether their numbers are finite would take terabytes."""
    content = load_checkpoint(saved.best)
    content[place]["large"] = large
    write_checkpoint(saved.best, content)
    assert saved.best.stat().st_size < 1_000_000
    refused(saved)


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_another_format_number_is_refused(saved, number):
    rewrite(saved, lambda content: content.update(format=number))
    refused(saved, "was not written by this version")


@pytest.mark.parametrize("content", [{}, [], 5, torch.zeros(3), {"format": 1}])
def test_values_of_another_kind_are_refused(saved, content):
    torch.save(content, saved.best)
    refused(saved, "was not written by this version")


@pytest.mark.parametrize("key", ["config", "class_names", "shape", "epoch", "model"])
def test_a_checkpoint_without_one_of_its_parts_is_refused(saved, key):
    rewrite(saved, lambda content: content.pop(key))
    with pytest.raises(CheckpointError) as caught:
        Classifier.load(saved)
    assert_one_sentence(str(caught.value), "run/best.pt")


@pytest.mark.parametrize(
    "change",
    [
        {"class_names": ["a", "b"]},
        {"shape": [1, 4, 4]},
        {"shape": "wide"},
        {"shape": 5},
        {"model": {}},
        {"model": [1]},
        {"class_names": 5},
    ],
    ids=str,
)
def test_weights_that_do_not_fit_the_config_are_refused(saved, change):
    rewrite(saved, lambda content: content.update(change))
    refused(saved, "do not fit the config")
