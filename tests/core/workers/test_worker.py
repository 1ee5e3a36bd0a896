"""What a worker does, in the tests' own process: locks, failures, stops, checkpoints."""

import math
import threading
import urllib.request
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from core.errors import TrainDeskError
from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.store import create_run, find_run
from core.training import scoring
from core.training.checkpoints import load_checkpoint
from core.training.optimizers import SGD
from core.workers import session, worker
from tests.core.running import finite, kinds, same_weights
from tests.helpers import assert_one_sentence, closed_port, quick_config


def work(runs_folder, **settings):
    run = create_run(quick_config(**settings), runs_folder)
    return run, worker.work(run, runs_folder / "data")


def test_two_workers_never_share_a_run(runs_folder, monkeypatch):
    class Hurried(FileLock):
        def acquire(self, timeout=None, **options):
            return super().acquire(timeout=min(timeout, 0.1), **options)

    monkeypatch.setattr(worker, "FileLock", Hurried)
    run = create_run(quick_config(), runs_folder)
    EventWriter(run.event_log).write("started")
    before = run.event_log.read_bytes()
    with FileLock(run.worker_lock), pytest.raises(TrainDeskError) as caught:
        worker.work(run, runs_folder)
    assert_one_sentence(str(caught.value), run.id, "already being trained")
    assert run.event_log.read_bytes() == before, "the second writes nothing"
    assert not run.last.exists()


def test_a_second_worker_process_says_so_without_a_traceback(runs_folder, monkeypatch, capsys):
    class Refused(FileLock):
        def acquire(self, **options):
            return super().acquire(timeout=0)

    monkeypatch.setattr(worker, "FileLock", Refused)
    run = create_run(quick_config(), runs_folder)
    with FileLock(run.worker_lock):
        assert worker.main([str(run.folder), "--data", str(runs_folder)]) == 1
    assert_one_sentence(capsys.readouterr().err.strip(), "already being trained")


def test_a_page_that_looks_in_the_same_moment_does_not_keep_a_worker_out(runs_folder):
    run = create_run(quick_config(), runs_folder)
    look = FileLock(run.worker_lock, thread_local=False)
    look.acquire()
    threading.Timer(0.3, look.release).start()
    assert worker.work(run, runs_folder)["event"] == "finished"


def test_events_also_go_to_the_listener(runs_folder):
    run = create_run(quick_config(epochs=2), runs_folder)
    heard = []
    end = worker.work(run, runs_folder, heard.append)
    assert heard == run.events()[0]
    assert heard[-1] == end


DIVERGING = {"name": "sgd", "learning_rate": 10, "weight_decay": 1, "momentum": 0.999}


def test_a_diverging_training_fails_with_step_and_remedy_and_keeps_the_best(runs_folder):
    run, end = work(runs_folder, epochs=40, batch_size=250, optimizer=DIVERGING)
    assert end["event"] == "failed" == run.status().name
    assert_one_sentence(end["message"], "at step", "with learning rate 10", "try 1 or less")
    assert kinds(run).count("failed") == 1
    assert not any(epoch["train/loss"] is None for epoch in History(run).update().epochs)
    assert finite(run.best)


def explode_at(number):
    """An SGD whose update of that number throws the weights out of the numbers."""

    def build(self, parameters):
        optimizer, calls = torch.optim.SGD(parameters, lr=0.01), iter(range(1, 1000))
        optimizer.register_step_pre_hook(
            lambda *_: optimizer.param_groups[0].update(lr=math.inf if next(calls) == number else 0.01)
        )
        return optimizer

    return build


@pytest.mark.parametrize("epoch", [1, 2, 3], ids=["first", "middle", "last"])
def test_weights_that_leave_the_numbers_in_the_last_step_of_an_epoch_replace_no_checkpoint(
    epoch, runs_folder, monkeypatch
):
    """The loss of a step is measured before its update: only validation sees what the last update of an epoch did."""
    monkeypatch.setattr(SGD, "build", explode_at(3 * epoch))
    run, end = work(runs_folder, epochs=3, batch_size=500, optimizer="sgd")
    assert end["event"] == "failed", "a network that answers NaN is no success"
    assert_one_sentence(end["message"], "try")
    assert all(finite(path) for path in (run.best, run.last) if path.exists())
    assert run.best.exists() == (epoch > 1)


def test_a_network_that_a_gpu_cannot_compute_repeatably_is_one_sentence(runs_folder, monkeypatch):
    said = "adaptive_max_pool2d_backward_cuda does not have a deterministic implementation, but you set 'torch.use_..."

    def build(self, parameters):
        raise RuntimeError(said)

    monkeypatch.setattr(SGD, "build", build)
    _, end = work(runs_folder, optimizer="sgd", training={"repeatable": True})
    assert end["event"] == "failed"
    assert_one_sentence(end["message"], "adaptive_max_pool2d_backward_cuda", "switch 'Repeatable' off")


def test_missing_data_without_internet_is_one_sentence(runs_folder, monkeypatch, capfd):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setattr(urllib.request, "_opener", None)  # it remembers the proxies of its first use
    run, end = work(runs_folder, dataset="fashion_mnist")
    assert end["event"] == "failed"
    folder = runs_folder / "data"
    assert_one_sentence(end["message"], "Fashion-MNIST could not be downloaded", str(folder), "choose MNIST")
    assert "Traceback" not in capfd.readouterr().err
    assert run.status().reason == end["message"]


def test_missing_imagenet_weights_without_internet_are_one_sentence(runs_folder, monkeypatch):
    from torchvision.models import ResNet18_Weights

    url = f"http://127.0.0.1:{closed_port()}/resnet18-f37072fd.pth"
    monkeypatch.setattr(ResNet18_Weights.IMAGENET1K_V1.value, "url", url)
    _, end = work(runs_folder, architecture="resnet18")
    assert end["event"] == "failed"
    assert_one_sentence(end["message"], "ImageNet weights could not be downloaded", "random weights")


def test_a_damaged_config_fails_in_one_sentence(runs_folder):
    run = create_run(quick_config(), runs_folder)
    run.config_file.write_text("{")
    end = worker.work(run, runs_folder)
    assert end["event"] == "failed"
    assert_one_sentence(end["message"], "not valid JSON")


def test_an_unexpected_error_is_one_sentence_and_its_traceback_goes_to_standard_error(runs_folder, monkeypatch, capsys):
    def broken(*_):
        raise ZeroDivisionError("division by zero\nsecond line")

    monkeypatch.setattr(session.TrainingSession, "train", broken)
    _, end = work(runs_folder)
    assert_one_sentence(end["message"], "unexpected error", "ZeroDivisionError: division by zero")
    assert "Traceback" in capsys.readouterr().err


CPU_IS_FULL = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 400000000000000 bytes. Error code 12 (Cannot allocate memory)"
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "smaller batch size"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "smaller batch size"),
        (RuntimeError(CPU_IS_FULL), "smaller batch size"),
        (OSError(13, "Permission denied", "/runs/x"), "Permission denied"),
    ],
    ids=["Python", "GPU", "CPU", "disk"],
)
def test_known_errors_have_their_remedy(error, words, runs_folder, monkeypatch):
    def broken(*_):
        raise error

    monkeypatch.setattr(session.TrainingSession, "train", broken)
    _, end = work(runs_folder)
    assert_one_sentence(end["message"], words)


def test_a_full_disk_pauses_in_one_sentence_and_the_run_goes_on_from_the_old_checkpoint(runs_folder, monkeypatch):
    from core.training import async_checkpoint

    write, written = async_checkpoint.write_checkpoint, []

    def full_after_the_last_checkpoint(path, content):
        if "last.pt" in written:
            raise OSError(28, "No space left on device", str(path))
        written.append(path.name)
        write(path, content)

    monkeypatch.setattr(async_checkpoint, "write_checkpoint", full_after_the_last_checkpoint)
    run, end = work(runs_folder, epochs=30)
    assert end["event"] == "paused" == run.status().name
    assert_one_sentence(end["message"], "disk is full", "the last checkpoint is intact", "resume")
    assert load_checkpoint(run.best) and load_checkpoint(run.last)["epoch"] < 30
    monkeypatch.undo()
    whole, _ = work(runs_folder, epochs=30)
    assert worker.work(run, runs_folder)["event"] == "finished"
    assert same_weights(run.last, whole.last)


def test_a_stop_asked_for_before_the_start_ends_after_one_step(runs_folder):
    run = create_run(quick_config(epochs=5), runs_folder)
    run.request_stop()
    assert worker.work(run, runs_folder)["event"] == "stopped"
    assert load_checkpoint(run.last)["step"] <= 1
    assert not run.stop_request.exists()


def test_a_stop_asked_for_while_testing_keeps_both_checkpoints(runs_folder, monkeypatch):
    run = create_run(quick_config(epochs=1), runs_folder)
    testing = scoring.evaluate_checkpoint

    def stop_now(*arguments):
        run.request_stop()
        return testing(*arguments)

    monkeypatch.setattr(scoring, "evaluate_checkpoint", stop_now)
    monkeypatch.setattr("core.runs.requests.POLL_SECONDS", 0)
    end = worker.work(run, runs_folder)
    assert end["event"] == "stopped"
    assert run.best.exists() and run.last.exists()


def test_slow_motion_makes_an_epoch_last_as_long_as_asked(runs_folder):
    run, _ = work(runs_folder, epochs=2, batch_size=500, training={"epoch_seconds": 0.5})
    history = History(run).update()
    assert all(epoch["seconds"] >= 0.49 for epoch in history.epochs)
    third, sixth = (e["time"] for e in run.events()[0] if e["event"] == "step" and e["step"] in (3, 6))
    assert third - history.started["time"] > 0.3, "the pause is spread over the steps"
    assert sixth - history.epochs[0]["time"] > 0.3


def test_the_last_checkpoint_follows_every_epoch_and_the_best_only_better_ones(runs_folder):
    run, _ = work(runs_folder, epochs=6, optimizer={"name": "adam", "learning_rate": 0.05})
    history = History(run).update()
    best = history.best_epoch()
    content = load_checkpoint(run.best)
    assert load_checkpoint(run.last)["epoch"] == 6
    assert content["epoch"] == best["epoch"]
    assert content["metrics"]["val/accuracy"] == best["val/accuracy"] == max(e["val/accuracy"] for e in history.epochs)


def test_a_run_folder_named_on_the_command_line_is_enough(runs_folder):
    run = create_run(quick_config(), runs_folder)
    assert worker.main([str(run.folder), "--data", str(Path(runs_folder) / "data")]) == 0
    assert find_run("latest", runs_folder).status().name == "finished"
    broken = create_run(quick_config(), runs_folder)
    broken.config_file.write_text("{}}")
    assert worker.main([str(broken.folder), "--data", str(runs_folder)]) == 1


@pytest.mark.parametrize(("batch_size", "threads"), [(32, 1), (400, 2)])
def test_a_worker_keeps_small_batches_to_one_thread_and_says_so(batch_size, threads, runs_folder, monkeypatch):
    monkeypatch.setattr("core.machine.devices.usable_cores", lambda: 2)
    monkeypatch.setattr("core.machine.devices._own_choice_of_torch", lambda: 2)
    monkeypatch.setattr("core.machine.cores.lock_folder", lambda: runs_folder)  # nothing trains beside it
    before = torch.get_num_threads()
    try:
        run, _ = work(runs_folder, epochs=1, batch_size=batch_size)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert History(run).update().started["threads"] == load_checkpoint(run.last)["resume"]["threads"] == threads
