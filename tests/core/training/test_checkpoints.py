"""Checkpoint files: whole or refused in one sentence, replaced in one step, never running what is in them.

Longer than others, because all of it saves and damages the same network.
"""

import io
import os
import pickle
import random
import zipfile
from types import SimpleNamespace

import pytest
import torch

from core.errors import TrainDeskError
from core.inference.classifier import Classifier
from core.run_config import RunConfig
from core.runs.store import Run
from core.training import checkpoints
from core.training.batches import split
from core.training.build import begin, description_of, setup_of
from core.training.checkpoints import (
    CheckpointError,
    is_finite,
    load_checkpoint,
    network_content,
    rebuild,
    restore,
    resume_content,
    write_checkpoint,
)
from core.training.loop import train
from core.training.running_metrics import RunningMetrics
from tests.core.training.trained import few, plain, splits_of
from tests.helpers import assert_one_sentence, quick_config

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def trained():
    config = quick_config(architecture={"name": "improved_cnn", "channels": [2]}, optimizer="adam", batch_size=500)
    data = config.dataset.load(None)
    splits = split(data, config.dataset, 0.1, 0, CPU)
    state = begin(config, splits, CPU, None)
    list(train(state, setup_of(config), splits))
    return state, config, splits


@pytest.fixture
def saved(trained, tmp_path):
    state, config, _ = trained
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    save(run.best, state, config, {"val/accuracy": 0.5})
    return run


def save(path, state, config, metrics):
    write_checkpoint(path, {**network_content(state, description_of(config), metrics), **resume_content(state, 3)})


def refused(run, *parts):
    """Both who measure and who classify are told the same in one sentence."""
    with pytest.raises(CheckpointError) as caught:
        content = load_checkpoint(run.best)
        rebuild(RunConfig.from_dict(content["config"]).architecture, content, run.best)
    assert_one_sentence(str(caught.value), "run/best.pt", *parts)
    with pytest.raises(CheckpointError) as again:
        Classifier.load(run)
    assert str(again.value) == str(caught.value)
    return str(caught.value)


def rewrite(run, change):
    content = torch.load(run.best, weights_only=True)
    change(content)
    torch.save(content, run.best)


def test_a_checkpoint_gives_everything_back(saved, trained):
    state, config, _ = trained
    content = load_checkpoint(saved.best)
    assert content["config"] == config.to_dict()
    assert content["class_names"] == list("0123456789")
    assert content["shape"] == [1, 8, 8]
    assert (content["mean"], content["deviation"]) == ([0.3053], [0.3761])
    assert content["metrics"] == {"val/accuracy": 0.5}
    assert (content["epoch"], content["step"]) == (1, 3)
    assert plain(content["model"]) == plain(state.model.state_dict())
    resume = content["resume"]
    assert plain(resume["optimizer"]) == plain(state.optimizer.state_dict())
    assert tuple(resume["best"]) == state.best
    assert (resume["batch"], resume["waited"], resume["pieces"], resume["threads"]) == (0, 0, 1, 3)
    assert (resume["learning_rate"], resume["precision"], resume["schedule_memory"]) == (0.001, "float32", {})
    assert resume["tally"]["sizes"] == [] and resume["average"] is None and resume["trained"] is None
    assert torch.equal(resume["random"], torch.get_rng_state())


def test_a_checkpoint_to_use_holds_no_progress(trained):
    state, config, _ = trained
    assert "resume" not in network_content(state, description_of(config), {}) and set(resume_content(state, 1)) == {
        "resume"
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_network_that_left_the_numbers_is_seen(value, trained):
    state, _, _ = trained
    assert is_finite(state)
    beside = next(each for name, each in state.model.named_buffers() if name.endswith("running_var"))
    for weights in (next(state.model.parameters()), beside):
        before = weights.detach().clone()
        with torch.no_grad():
            weights.view(-1)[0] = value
            assert not is_finite(state)
            weights.copy_(before)
    assert is_finite(state)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_checkpoint_whose_weights_are_no_numbers_is_refused(value, saved):
    content = load_checkpoint(saved.best)
    name = next(name for name, each in content["model"].items() if each.is_floating_point())
    content["model"][name].view(-1)[-1] = value
    write_checkpoint(saved.best, content)
    refused(saved, "no numbers", name, "train this one again")


def test_the_network_of_a_checkpoint_answers_as_it_did(saved, trained):
    state, config, splits = trained
    model = rebuild(config.architecture, load_checkpoint(saved.best), saved.best)
    assert not model.training
    inputs, _ = splits.test.slice(0, 50)
    with torch.inference_mode():
        assert torch.equal(model(inputs), state.model.eval()(inputs))


@pytest.mark.parametrize("broken", ["os.replace", "os.fsync"])
def test_a_checkpoint_that_cannot_be_replaced_leaves_the_old_one_whole(broken, saved, trained, monkeypatch):
    state, config, _ = trained
    before = saved.best.read_bytes()

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken.removeprefix("os."), fails)
    with pytest.raises(OSError):
        save(saved.best, state, config, {"val/accuracy": 0.9})
    monkeypatch.undo()
    assert saved.best.read_bytes() == before
    assert [path.name for path in saved.folder.iterdir()] == ["best.pt"], "nothing half-written is left"


def test_a_network_that_cannot_be_written_leaves_the_old_checkpoint_whole(saved, trained, monkeypatch):
    state, config, _ = trained
    before = saved.best.read_bytes()

    def fails(*_):
        raise MemoryError

    monkeypatch.setattr(checkpoints.torch, "save", fails)
    with pytest.raises(MemoryError):
        save(saved.best, state, config, {})
    assert saved.best.read_bytes() == before


def test_readers_see_the_old_or_the_new_checkpoint_never_a_part(saved, trained, monkeypatch):
    state, config, _ = trained
    seen = []
    replace = os.replace

    def look_first(source, target):
        seen.append(load_checkpoint(saved.best)["metrics"])
        replace(source, target)

    monkeypatch.setattr(os, "replace", look_first)
    save(saved.best, state, config, {"val/accuracy": 0.9})
    assert seen == [{"val/accuracy": 0.5}]
    assert load_checkpoint(saved.best)["metrics"] == {"val/accuracy": 0.9}


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


def a_state_on(kind, monkeypatch):
    """A training whose network says that it is on a device of that kind, and content to restore it from."""
    config = quick_config()
    splits = splits_of(config, few(config.dataset.load(None)))
    state = begin(config, splits, CPU, None)
    content = {**network_content(state, description_of(config), {}), **resume_content(state, 1)}
    monkeypatch.setattr(checkpoints.RunningMetrics, "restored", lambda tally, device: RunningMetrics())
    real = state.model.parameters
    there = SimpleNamespace(device=torch.device(kind))
    monkeypatch.setattr(state.model, "parameters", lambda *_: iter([there, *real()]))
    return state, content


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_random_numbers_of_a_gpu_go_on_where_they_were(kind, monkeypatch, tmp_path):
    there, numbers = [], torch.arange(5, dtype=torch.uint8)
    module = getattr(torch, kind)
    monkeypatch.setattr(module, "get_rng_state", lambda *_: numbers)
    monkeypatch.setattr(module, "set_rng_state", lambda state, *_: there.append(state))
    state, content = a_state_on(kind, monkeypatch)
    on_cpu = dict(content)
    restore(state, on_cpu, tmp_path)
    assert there == [], "of a training on a CPU there are none"
    content |= resume_content(state, 1)
    assert content["resume"]["device"] == kind
    write_checkpoint(tmp_path / "last.pt", content)
    restore(state, load_checkpoint(tmp_path / "last.pt"), tmp_path)
    assert [each.tolist() for each in there] == [numbers.tolist()]
    for old in ("random_mps", "device", "layout"):  # earlier releases wrote none
        del content["resume"][old]
    restore(state, content, tmp_path)
    assert len(there) == (2 if kind == "cuda" else 1)


def test_a_checkpoint_of_a_gpu_goes_on_on_a_cpu(tmp_path):
    config = quick_config()
    splits = splits_of(config, few(config.dataset.load(None)))
    state = begin(config, splits, CPU, None)
    content = {**network_content(state, description_of(config), {}), **resume_content(state, 1)}
    numbers = torch.arange(5, dtype=torch.uint8)
    content["resume"] |= {"device": "cuda", "random_cuda": numbers, "random_mps": numbers}
    before = torch.get_rng_state()
    torch.rand(3)
    restore(state, content, tmp_path)
    assert torch.equal(torch.get_rng_state(), before)
