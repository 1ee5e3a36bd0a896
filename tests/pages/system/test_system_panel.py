"""The page of the computer: bars, what runs where, how many at once, the trash."""

import base64
import re
import time

import pytest

from core.machine import cores, torch_devices
from core.machine.gpus import Gpu
from core.machine.torch_devices import TorchDevice
from core.runs.trash import delete_run, deleted_runs
from core.workers import dispatch
from core.workers.dispatch import cpu_runs, most_cpu_runs
from core.workers.monitor import System, Usage
from pages.components.shell import machine_watch
from pages.components.shell.machine_watch import Watch
from pages.components.system.system_panel import bars
from tests.core.machine.test_torch_devices import torch_said
from tests.helpers import assert_one_sentence
from tests.pages.apps import open_app, run, sentence, widget, words
from tests.pages.fake_runs import fake_run


def reading(**changes):
    values = {
        "time": time.time(),
        "processor": 0.5,
        "cores": (0.5, 0.5),
        "memory_used": 3_000_000_000,
        "memory_total": 8_000_000_000,
        "disk_free": 40_000_000_000,
        "disk_total": 100_000_000_000,
        "gpus": (),
        "processes": (),
    }
    return System(**{**values, **changes})


def test_bars_tell_shares_and_amounts():
    text = bars([reading(), reading()])
    assert "50\u202f%" in text and "3.0 GB of 8.0 GB" in text and "40.0 GB free" in text
    assert "width:37.5%" in text and "GPU" not in text


def test_before_the_second_reading_nothing_is_made_up():
    assert "measuring ..." in bars([reading(processor=None, cores=())])


def test_each_gpu_has_its_bars_and_says_only_what_it_knows():
    gpu = Gpu(0, "NVIDIA H200", 0.93, 70_000_000_000, 140_000_000_000, 61.0, 412.0)
    silent = Gpu(1, "<Other>", None, None, None, None, None)
    text = bars([reading(gpus=(gpu, silent))])
    assert (
        "GPU 0: NVIDIA H200" in text
        and "93\u202f%" in text
        and "61 °C, 412 W" in text
        and "70.0 GB of 140.0 GB" in text
    )
    assert "GPU 1: &lt;Other&gt;" in text and "Memory of GPU 1" not in text
    assert '<span class="share">–</span>' in text and "measuring" not in text


def test_the_last_two_minutes_are_a_line():
    text = bars([reading(processor=share) for share in (0.0, 0.5, 1.0)])
    drawing = base64.b64decode(re.search(r'class="spark" src="data:image/svg\+xml;base64,([^"]+)"', text)[1]).decode()
    assert 'points="96.61,30.00 98.31,16.00 100.00,2.00"' in drawing


def test_visitors_share_readings(monkeypatch):
    class Monitor:
        count = 0

        def read(self):
            self.count += 1
            return reading()

    watch = Watch(Monitor())
    for _ in range(5):
        watch.look()
    assert watch.monitor.count == 1 and len(watch.look()) == 1
    monkeypatch.setattr(machine_watch, "REFRESH_SECONDS", -1)
    assert len(watch.look()) == 2


def test_a_run_is_named_and_linked(runs_folder, monkeypatch):
    trained = fake_run(runs_folder, "finished")
    usage = Usage(trained.id, 1234, 1.5, 900_000_000, None, 7, time.time(), True)
    monkeypatch.setattr(Watch, "look", lambda self: [reading(processes=(usage,))])
    text = words(open_app("system"))
    assert f'href="run?run={trained.id}"' in text and "Handwritten digits" in text
    assert "1.5 cores" in text and "900 MB" in text and "No training is running" not in text


def test_how_many_train_at_once_is_kept(runs_folder):
    app = open_app("system")
    widget(app, "trainings at once").set_value(1)
    run(app)
    assert cpu_runs(runs_folder) == 1
    assert widget(open_app("system"), "trainings at once").value == 1


@pytest.mark.parametrize("number", [0, -3, 5000])
def test_a_wrong_number_is_one_sentence_and_changes_nothing(number, runs_folder):
    before = cpu_runs(runs_folder)
    app = open_app("system")
    widget(app, "trainings at once").set_value(number)
    app = run(app)
    assert_one_sentence(sentence(app.error[0]), str(number), f"from 1 to {most_cpu_runs()}")
    assert cpu_runs(runs_folder) == before


def test_the_trash_is_emptied_after_a_second_click(runs_folder):
    fake_run(runs_folder, "finished")
    delete_run(fake_run(runs_folder, "finished"))
    app = open_app("system")
    assert "1 deleted run in the trash" in words(app)
    widget(app, "empty the trash").click()
    app = run(app)
    assert not deleted_runs(runs_folder) and "The trash is empty." in words(app)


def test_the_example_takes_no_room_where_the_runs_are(runs_folder, monkeypatch):
    monkeypatch.delenv("TRAINDESK_EXAMPLE")
    shown = fake_run(runs_folder, "finished")
    (shown.folder / "note").write_bytes(b"x" * 2_000_000)
    assert f"1 run takes **2 MB** in `{runs_folder}`" in words(open_app("system"))
    fake_run(runs_folder, "finished")
    assert f"2 runs take **2 MB** in `{runs_folder}`" in words(open_app("system"))


def test_how_many_small_trainings_share_a_gpu_is_set_where_torch_has_found_one(runs_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(cores.tempfile, "tempdir", str(tmp_path))  # where nothing was said yet
    key = "small trainings on a gpu"
    assert key not in {field.key for field in open_app("system").number_input}
    torch_said(TorchDevice("cuda:0", "NVIDIA H100", "GPU-1", 80 * 10**9))
    app = open_app("system")
    assert "a few small ones" in words(app)
    assert widget(app, key).value == 3
    widget(app, key).set_value(2)
    run(app)
    assert dispatch.gpu_runs(runs_folder) == 2
    widget(app, key).set_value(9)
    assert "it must be from 1 to 8" in words(run(app))
    assert dispatch.gpu_runs(runs_folder) == 2


def test_a_gpu_that_torch_cannot_use_is_told_of_on_the_page(runs_folder, monkeypatch):
    sentence = "NVIDIA GeForce GTX 1080 is here but cannot be used, as PyTorch was not built for it; install another."
    monkeypatch.setattr(torch_devices, "problem_of_gpus", lambda: sentence)
    assert sentence in words(open_app("system"))
