"""The fastest way is measured once for each network on each computer, and kept."""

import json
import threading

import pytest
import torch

from core.errors import TrainDeskError
from core.training import fastest, precision
from core.training.fastest import OFF, choose_way
from core.training.precision import SMALLEST_BATCH, Way
from tests.core.training.trained import CPU
from tests.helpers import quick_config

BIG = SMALLEST_BATCH + 1
MPS, GPU = torch.device("mps"), torch.device("cuda", 0)
LAST, FIRST = torch.channels_last, torch.contiguous_format
WAYS = {
    "float32 last": Way(torch.float32, LAST),
    "float32 first": Way(torch.float32, FIRST),
    "bfloat16 last": Way(torch.bfloat16, LAST),
    "bfloat16 first": Way(torch.bfloat16, FIRST),
}


class Measuring:
    """Says what it is told to say, and knows how often it was asked."""

    def __init__(self, **seconds: float):
        self.seconds, self.asked = {WAYS[name.replace("_", " ")]: value for name, value in seconds.items()}, []

    def __call__(self, config, device, ways):
        self.asked.append(tuple(ways))
        return {way: self.seconds[way] for way in ways if way in self.seconds}


@pytest.fixture(autouse=True)
def _processor(monkeypatch):
    monkeypatch.setattr(precision, "processor", lambda: {"cpu_name": "Ours", "avx512_bf16": True})
    monkeypatch.setattr(fastest, "processor", lambda: {"cpu_name": "Ours"})


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA of ours")
    monkeypatch.setattr(torch.version, "hip", None)


@pytest.mark.parametrize("name", WAYS)
def test_automatic_takes_what_was_measured_fastest(name, tmp_path):
    measure = Measuring(**{each.replace(" ", "_"): 0.004 for each in WAYS} | {name.replace(" ", "_"): 0.002})
    choice = choose_way(quick_config(), CPU, tmp_path, BIG, measure=measure)
    assert choice.way == WAYS[name]
    assert "measured here: 2.0 times as fast" in choice.why


@pytest.mark.parametrize(("has", "way"), [(True, "bfloat16 last"), (False, "float32 last")])
def test_what_is_hardly_faster_than_the_rules_way_may_be_chance(has, way, tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "processor", lambda: {"avx512_bf16": has})
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True, raising=False)
    near = Measuring(**{name.replace(" ", "_"): 0.00105 if name == way else 0.001 for name in WAYS})
    choice = choose_way(quick_config(), CPU, tmp_path, BIG, measure=near)
    assert choice == (WAYS[way], "as nothing is clearly faster here")


def test_what_was_asked_for_leaves_only_the_layout_to_measure(tmp_path):
    config = quick_config(training={"precision": "float32"})
    measure = Measuring(float32_last=0.002, float32_first=0.001, bfloat16_last=0.0001)
    assert choose_way(config, CPU, tmp_path, BIG, measure=measure).way == WAYS["float32 first"]
    assert measure.asked == [(WAYS["float32 last"], WAYS["float32 first"])]


def test_it_is_measured_once_and_the_same_is_chosen_from_then_on(tmp_path):
    config, other = quick_config(), quick_config(batch_size=99)
    first = Measuring(float32_last=0.003, bfloat16_last=0.001)
    later = Measuring(float32_last=0.001, bfloat16_last=0.003)
    choice = choose_way(config, CPU, tmp_path, BIG, measure=first)
    assert choose_way(config, CPU, tmp_path, BIG, measure=later) == choice
    assert not later.asked
    assert choose_way(other, CPU, tmp_path, BIG, measure=later).way == WAYS["float32 last"], "another batch size"
    assert choose_way(config, CPU, tmp_path, BIG, measure=later) == choice, "both are kept"
    assert len(later.asked) == 1


def test_cores_and_processor_are_part_of_what_was_measured(tmp_path, monkeypatch):
    measure = Measuring(float32_last=0.003, bfloat16_last=0.001)
    for number, name in [(1, "Ours"), (2, "Ours"), (2, "Another"), (1, "Ours")]:
        monkeypatch.setattr(fastest, "usable_cores", lambda number=number: number)
        monkeypatch.setattr(fastest, "processor", lambda name=name: {"cpu_name": name})
        choose_way(quick_config(), CPU, tmp_path, BIG, measure=measure)
    assert len(measure.asked) == 3


def test_a_run_with_fewer_threads_because_others_train_chooses_the_same(tmp_path, monkeypatch):
    measure = Measuring(float32_last=0.003, bfloat16_last=0.001)
    for number in (1, 2):
        monkeypatch.setattr(torch, "get_num_threads", lambda number=number: number)
        choose_way(quick_config(), CPU, tmp_path, BIG, measure=measure)
    assert len(measure.asked) == 1


def test_where_nothing_could_be_measured_the_rule_holds_for_good(tmp_path):
    nothing, later = Measuring(), Measuring(float32_last=0.001, bfloat16_last=0.003)
    choice = choose_way(quick_config(), CPU, tmp_path, BIG, measure=nothing)
    assert choice.way == WAYS["bfloat16 last"] and "by rule" in choice.why
    assert choose_way(quick_config(), CPU, tmp_path, BIG, measure=later) == choice and not later.asked


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "{KEY: 3}", "{KEY: {WAY: -1.0}}", "{KEY: {WAY: true}}"])
def test_a_damaged_file_is_measured_anew(text, tmp_path):
    measure = Measuring(float32_last=0.003, bfloat16_last=0.001)
    config, place = quick_config(), tmp_path / "cache" / "fastest.json"
    choice = choose_way(config, CPU, tmp_path, BIG, measure=measure)
    (key,) = json.loads(place.read_text())
    place.write_text(text.replace("KEY", f'"{key}"').replace("WAY", f'"{WAYS["float32 last"]}"'))
    assert choose_way(config, CPU, tmp_path, BIG, measure=measure) == choice
    assert choose_way(config, CPU, tmp_path, BIG, measure=measure) == choice
    assert len(measure.asked) == 2


def test_runs_that_start_together_choose_the_same(tmp_path):
    """The second waits until the first has measured, whatever it would have measured itself."""
    first, second = (
        Measuring(float32_last=0.003, bfloat16_last=0.001),
        Measuring(float32_last=0.001, bfloat16_last=0.003),
    )
    measuring, go_on, choices = threading.Event(), threading.Event(), {}

    def slowly(*arguments):
        measuring.set()
        assert go_on.wait(30)
        return first(*arguments)

    def choose(name, measure):
        choices[name] = choose_way(quick_config(), CPU, tmp_path, BIG, measure=measure)

    threads = [threading.Thread(target=choose, args=arguments) for arguments in (("first", slowly), ("second", second))]
    threads[0].start()
    assert measuring.wait(30)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert choices["first"] == choices["second"] and not second.asked


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path):
    (tmp_path / "cache").write_text("no folder")
    measure = Measuring(float32_last=0.003, bfloat16_last=0.001)
    assert choose_way(quick_config(), CPU, tmp_path, BIG, measure=measure).way == WAYS["bfloat16 last"]


def test_a_small_batch_is_not_measured(tmp_path):
    measure = Measuring(bfloat16_last=0.001)
    choice = choose_way(quick_config(), CPU, tmp_path, SMALLEST_BATCH, measure=measure)
    assert choice == (WAYS["float32 last"], "by rule, as batches are small") and not measure.asked


def test_it_can_be_switched_off(tmp_path, monkeypatch):
    monkeypatch.setenv(OFF, "0")
    assert "by rule" in choose_way(quick_config(), CPU, tmp_path, BIG).why
    assert not (tmp_path / "cache").exists()


def test_a_run_that_goes_on_computes_as_before(tmp_path, gpu):
    measure = Measuring(**{name.replace(" ", "_"): 0.001 for name in WAYS})
    for device in (CPU, GPU):
        for way in WAYS.values():
            before = {"device": device.type, "precision": way.precision_name, "layout": way.layout_name}
            assert choose_way(quick_config(), device, tmp_path, BIG, before, measure) == (way, "as before")
    assert not measure.asked


def test_a_run_of_before_there_was_a_choice_of_layouts_goes_on(tmp_path, gpu):
    of_cpu, of_gpu = {"precision": "bfloat16"}, {"precision": "bfloat16", "random_cuda": torch.zeros(1)}
    assert choose_way(quick_config(), CPU, tmp_path, 1, of_cpu) == (WAYS["bfloat16 last"], "as before")
    assert choose_way(quick_config(), GPU, tmp_path, 1, of_gpu) == (WAYS["bfloat16 last"], "as before")
    assert "computed on a GPU before" in choose_way(quick_config(), CPU, tmp_path, 1, of_gpu).why


def test_on_another_kind_of_device_it_is_chosen_anew_and_said(tmp_path):
    before = {"device": "cuda", "precision": "bfloat16", "layout": "channels last"}
    measure = Measuring(float32_last=0.001, bfloat16_last=0.003)
    choice = choose_way(quick_config(), CPU, tmp_path, BIG, before, measure)
    assert choice.way == WAYS["float32 last"]
    assert choice.why.endswith("chosen anew, because it computed on a GPU before")
    choice = choose_way(quick_config(), MPS, tmp_path, BIG, before, measure)
    assert choice.way == WAYS["float32 first"], "Apple's GPU takes neither bfloat16 nor channels last"


def test_bfloat16_is_not_emulated_because_another_processor_had_it(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "processor", dict)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False, raising=False)
    before = {"device": "cpu", "precision": "bfloat16", "layout": "channels last"}
    choice = choose_way(quick_config(), CPU, tmp_path, 1, before)
    assert choice.way == WAYS["float32 last"] and "cannot go on as before here" in choice.why


def test_what_is_to_be_repeatable_on_a_gpu_is_not_left_to_measuring(tmp_path, gpu):
    measure = Measuring(float32_first=0.001, bfloat16_last=0.003)
    config = quick_config(training={"repeatable": True})
    choice = choose_way(config, GPU, tmp_path, BIG, measure=measure)
    assert choice == (WAYS["bfloat16 last"], "by rule, as it is to be repeatable") and not measure.asked
    assert choose_way(quick_config(), GPU, tmp_path, BIG, measure=measure).way == WAYS["float32 first"]
    assert choose_way(config, CPU, tmp_path, BIG, measure=measure).way == WAYS["float32 first"], "a CPU repeats anyway"


def test_tf32_is_told(tmp_path, gpu):
    measure = Measuring(float32_last=0.001, float32_first=0.003)
    assert "products in TF32" in choose_way(quick_config(), GPU, tmp_path, BIG, measure=measure).why
    exact = quick_config(training={"precision": "float32"})
    assert "TF32" not in choose_way(exact, GPU, tmp_path, BIG, measure=measure).why
    assert "TF32" not in choose_way(quick_config(), CPU, tmp_path, BIG, measure=measure).why


def test_bfloat16_on_apples_gpu_is_refused_before_anything_else(tmp_path):
    with pytest.raises(TrainDeskError, match="choose automatic or float32"):
        choose_way(quick_config(training={"precision": "bfloat16"}), MPS, tmp_path, BIG)
