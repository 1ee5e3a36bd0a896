"""float32 or bfloat16: what is chosen on which processor for which batch, and that it trains."""

import pytest
import torch

from core.errors import TrainDeskError
from core.training import precision as module
from core.training.batches import Pictures
from core.training.build import begin, setup_of
from core.training.evaluation import drained, evaluate
from core.training.loop import train
from core.training.precision import SMALLEST_BATCH, choose_precision, has_bfloat16, mixed
from tests.core.training.trained import CPU, epochs, few, run, splits_of
from tests.helpers import assert_one_sentence, quick_config

BIG, SMALL = SMALLEST_BATCH + 1, SMALLEST_BATCH
MPS = torch.device("mps")


def processor(monkeypatch, flags):
    monkeypatch.setattr(module, "_processor_flags", lambda: set(flags))


@pytest.mark.parametrize(
    ("flags", "pixels", "chosen"),
    [
        (["avx2", "avx512_bf16"], BIG, torch.bfloat16),
        (["amx_bf16"], BIG, torch.bfloat16),
        (["avx2", "avx512f"], BIG, torch.float32),
        ([], BIG, torch.float32),
        (["avx512_bf16"], SMALL, torch.float32),
    ],
)
def test_automatic_takes_what_is_faster(flags, pixels, chosen, monkeypatch):
    processor(monkeypatch, flags)
    assert choose_precision("auto", CPU, pixels) is chosen


@pytest.mark.parametrize("flags", [[], ["avx512_bf16"]])
@pytest.mark.parametrize("pixels", [SMALL, BIG])
def test_what_is_asked_for_is_taken(flags, pixels, monkeypatch):
    processor(monkeypatch, flags)
    assert choose_precision("float32", CPU, pixels) is torch.float32
    assert choose_precision("bfloat16", CPU, pixels) is torch.bfloat16


@pytest.mark.parametrize(("capability", "has"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_a_gpu_has_it_from_ampere_on(capability, has, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert has_bfloat16(torch.device("cuda", 0)) == has
    expected = torch.bfloat16 if has else torch.float32
    assert choose_precision("auto", torch.device("cuda", 0), BIG) is expected


def test_apples_gpu_computes_in_float32():
    assert choose_precision("auto", MPS, BIG) is torch.float32
    with pytest.raises(TrainDeskError) as caught:
        choose_precision("bfloat16", MPS, BIG)
    assert_one_sentence(str(caught.value), "Precision is bfloat16", "choose automatic or float32")


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 amx_bf16\n\nflags\t\t: none\n", True),
        ("processor\t: 0\nflags\t\t: fpu avx2\n\nflags\t\t: amx_bf16\n", False),
        ("nothing here\n", False),
        (None, False),
    ],
)
def test_a_processor_has_bfloat16_where_its_flags_say_so(text, has, monkeypatch, tmp_path):
    if text is not None:
        (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(module, "Path", lambda name: tmp_path / "cpuinfo")
    assert has_bfloat16(CPU) is has


def test_mixed_computes_products_in_bfloat16_and_plain_does_not():
    layer, inputs = torch.nn.Linear(3, 2), torch.ones(1, 3)
    with mixed(torch.bfloat16, CPU):
        assert layer(inputs).dtype is torch.bfloat16
    with mixed(torch.float32, CPU):
        assert layer(inputs).dtype is torch.float32


CNN = {"name": "improved_cnn", "channels": [8, 8]}


@pytest.fixture(scope="module")
def data():
    return few(quick_config().dataset.load(None))


@pytest.mark.parametrize("augmentation", [{}, {"shift": 0.1}, {"mixup": 0.2}], ids=str)
def test_bfloat16_learns_and_its_weights_stay_float32(augmentation, data):
    config = quick_config(
        epochs=8, batch_size=32, architecture=CNN, augmentation=augmentation, optimizer={"name": "adam", "learning_rate": 0.01}
    )  # fmt: skip
    state, happened, splits = run(config, data, torch.bfloat16)
    assert {weights.dtype for weights in state.model.parameters()} == {torch.float32}
    assert epochs(happened)[-1].metrics["val/accuracy"] > 0.6
    plain_state, _, _ = run(config, data)
    assert any(
        not torch.equal(a, b) for a, b in zip(state.model.parameters(), plain_state.model.parameters(), strict=True)
    ), "it did compute in bfloat16"


def test_validation_computes_as_training_does(data):
    config = quick_config(architecture=CNN)
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None, torch.bfloat16)
    (epoch,) = epochs(train(state, setup_of(config), splits))
    in_bfloat16, in_float32 = (
        drained(evaluate(state.model, splits.val, config.loss, 250, dtype)).loss
        for dtype in (torch.bfloat16, torch.float32)
    )
    assert epoch.metrics["val/loss"] == in_bfloat16 != in_float32


def test_inputs_come_in_the_precision_where_nothing_changes_them(data, tmp_path, monkeypatch):
    from core.training.data import data_on_device

    monkeypatch.setattr("core.training.data.open_images", lambda *_: data)
    for settings, dtype in [({}, torch.bfloat16), ({"augmentation": {"flip": True}}, torch.float32)]:
        config = quick_config(**settings, training={"precision": "bfloat16"})
        splits, precision = data_on_device(config, tmp_path, CPU)
        assert precision is torch.bfloat16
        assert isinstance(splits.train, Pictures) and splits.train.slice(0, 1)[0].dtype is dtype
