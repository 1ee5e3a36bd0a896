"""The ways to compute: which there are on which device, which is usual, how a GPU is told, and that bfloat16 trains."""

import pytest
import torch

from core.errors import TrainDeskError
from core.training import precision as module
from core.training.batches import Pictures
from core.training.build import begin, setup_of
from core.training.evaluation import drained, evaluate
from core.training.loop import train
from core.training.precision import (
    SMALLEST_BATCH,
    Way,
    laid_out,
    mixed,
    possible_ways,
    set_up,
    true_float32,
    way_by_rule,
    way_of,
)
from tests.core.training.trained import CPU, epochs, few, run, splits_of
from tests.helpers import assert_one_sentence, quick_config

BIG, SMALL = SMALLEST_BATCH + 1, SMALLEST_BATCH
MPS, GPU = torch.device("mps"), torch.device("cuda", 0)
LAST, FIRST = torch.channels_last, torch.contiguous_format


def processor(monkeypatch, names, widens=False):
    monkeypatch.setattr(module, "processor", lambda: dict.fromkeys(names, True))
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: widens, raising=False)


def gpu(monkeypatch, capability, hip=None):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.version, "hip", hip)


@pytest.fixture
def torchs_switches():
    """Whatever a test sets for the whole process is afterwards as before."""
    yield
    set_up(CPU, "auto", repeatable=False)
    torch.backends.cudnn.allow_tf32 = True


@pytest.mark.parametrize(
    ("names", "pixels", "chosen"),
    [
        (["avx2", "avx512_bf16"], BIG, torch.bfloat16),
        (["amx_bf16"], BIG, torch.bfloat16),
        (["avx2", "avx512f"], BIG, torch.float32),
        ([], BIG, torch.float32),
        (["avx512_bf16"], SMALL, torch.float32),
    ],
)
def test_the_rule_takes_bfloat16_where_it_is_built_in(names, pixels, chosen, monkeypatch):
    processor(monkeypatch, names)
    assert way_by_rule("auto", CPU, pixels) == Way(chosen, LAST)


@pytest.mark.parametrize("names", [[], ["avx512_bf16"]])
@pytest.mark.parametrize("pixels", [SMALL, BIG])
def test_what_is_asked_for_is_taken(names, pixels, monkeypatch):
    processor(monkeypatch, names)
    assert way_by_rule("float32", CPU, pixels).precision is torch.float32
    assert way_by_rule("bfloat16", CPU, pixels).precision is torch.bfloat16


@pytest.mark.parametrize("widens", [True, False])
def test_bfloat16_is_tried_wherever_onednn_computes_in_it(widens, monkeypatch):
    processor(monkeypatch, [], widens)
    both = [Way(torch.float32, LAST), Way(torch.float32, FIRST)]
    more = [Way(torch.bfloat16, LAST), Way(torch.bfloat16, FIRST)] if widens else []
    assert possible_ways("auto", CPU) == (*both, *more)
    assert possible_ways("float32", CPU) == tuple(both)


def test_a_torch_without_onednn_computes_in_float32(monkeypatch):
    processor(monkeypatch, [])
    monkeypatch.delattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported")
    monkeypatch.setattr(type(torch.ops.mkldnn), "__getattr__", lambda *_: (_ for _ in ()).throw(AttributeError()))
    assert {way.precision for way in possible_ways("auto", CPU)} == {torch.float32}


@pytest.mark.parametrize(("capability", "has"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_a_gpu_has_bfloat16_and_likes_channels_last_from_ampere_on(capability, has, monkeypatch):
    gpu(monkeypatch, capability)
    assert way_by_rule("auto", GPU, BIG) == (Way(torch.bfloat16, LAST) if has else Way(torch.float32, FIRST))
    assert has is any(way.precision == torch.bfloat16 for way in possible_ways("auto", GPU)), "emulated is not tried"


def test_apples_gpu_computes_in_float32_and_never_channels_last():
    assert possible_ways("auto", MPS) == (way_by_rule("auto", MPS, BIG),) == (Way(torch.float32, FIRST),)
    with pytest.raises(TrainDeskError) as caught:
        way_by_rule("bfloat16", MPS, BIG)
    assert_one_sentence(str(caught.value), "Precision is bfloat16", "choose automatic or float32")


def test_a_way_is_found_by_its_names():
    for way in possible_ways("bfloat16", CPU):
        assert way_of(way.precision_name, way.layout_name) == way
    assert way_of("float16", "channels last") is way_of("float32", "") is None


@pytest.mark.parametrize("channels", [1, 3])
def test_a_layout_is_one_of_strides_too(channels):
    images = torch.rand(4, 5, 6, channels).permute(0, 3, 1, 2)
    assert laid_out(images, LAST) is images
    first = laid_out(images, FIRST)
    assert torch.equal(first, images) and first.stride() == (channels * 30, 30, 6, 1)
    rows = torch.rand(4, 7)
    assert laid_out(rows, FIRST) is rows


@pytest.mark.parametrize(
    ("capability", "precision", "repeatable", "tf32"),
    [
        ((8, 6), "auto", False, True),
        ((8, 6), "bfloat16", False, True),
        ((8, 6), "float32", False, False),
        ((8, 6), "auto", True, False),
        ((7, 5), "auto", False, False),
    ],
)
def test_float32_that_was_asked_for_is_float32(capability, precision, repeatable, tf32, monkeypatch, torchs_switches):
    gpu(monkeypatch, capability)
    set_up(GPU, precision, repeatable)
    assert torch.backends.cudnn.allow_tf32 is torch.backends.cuda.matmul.allow_tf32 is tf32
    with true_float32():
        assert not torch.backends.cudnn.allow_tf32 and not torch.backends.cuda.matmul.allow_tf32
    assert torch.backends.cudnn.allow_tf32 is torch.backends.cuda.matmul.allow_tf32 is tf32


def test_tf32_is_nvidias(monkeypatch, torchs_switches):
    gpu(monkeypatch, (9, 4), hip="6.2")
    set_up(GPU, "auto", repeatable=False)
    assert not torch.backends.cuda.matmul.allow_tf32


def test_repeatable_leaves_a_gpu_what_gives_the_same_each_time(monkeypatch, torchs_switches):
    gpu(monkeypatch, (8, 0))
    for repeatable in (True, False):
        set_up(GPU, "auto", repeatable)
        assert torch.are_deterministic_algorithms_enabled() is torch.backends.cudnn.deterministic is repeatable
        assert torch.backends.cudnn.benchmark is not repeatable
    set_up(CPU, "auto", repeatable=True)
    assert not torch.are_deterministic_algorithms_enabled(), "a CPU repeats without"
    assert not torch.backends.cudnn.benchmark


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
        splits, choice = data_on_device(config, tmp_path, CPU)
        assert choice.way.precision is torch.bfloat16
        assert isinstance(splits.train, Pictures) and splits.train.slice(0, 1)[0].dtype is dtype
