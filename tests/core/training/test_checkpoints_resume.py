"""A training that is left anywhere and gone on with from its checkpoint ends as one that was never left, bit for bit."""

import copy
from itertools import islice

import pytest
import torch

from core.training.build import begin, description_of, setup_of
from core.training.checkpoints import (
    load_checkpoint,
    network_content,
    restore,
    resume_content,
    write_checkpoint,
)
from core.training.evaluation import Measuring
from core.training.features import Preparing
from core.training.loop import Epoch, Step, train
from core.training.optimizers import OPTIMIZERS
from core.training.schedules import SCHEDULES
from tests.core.training.situations import FROZEN, SITUATIONS, config_of, with_all_on
from tests.core.training.trained import (
    CPU,
    epochs,
    everything,
    few,
    losses,
    plain,
    run,
    run_in_two,
    splits_of,
)

# 270 training images: 5 steps; 30 validation images: 3 batches; one epoch: what happened in each
EPOCH = [Step] * 5 + [Measuring] * 3 + [Epoch]

MOMENTS = {
    "after the first step": 1,
    "in the middle of an epoch": 3,
    "at its last step": 5,
    "while validating": 7,
    "at the end of validation": 8,
    "between two epochs": 9,
    "in the second epoch": 9 + 2,
    "before the last validation": 18 + 5,
    "at the end": 27,
}

WHERE = (3, 7, 20)  # in the first epoch, in its validation, in the third: where it is not the moment that matters


def assert_same(config, data, moments, folder, precision=torch.float32, prepare=lambda state: None):
    """Whether a training that is left at any of these moments ends as the whole one, of which is given what happened."""
    state, happened, _ = run(config, data, precision, prepare)
    expected = everything(state)
    for moment in moments(happened) if callable(moments) else moments:
        state, again, _ = run_in_two(config, data, moment, folder / "last.pt", precision, prepare)
        found = everything(state)
        for part, value in expected.items():
            assert found[part] == value, f"{part} differs after {happened[moment - 1]}"
        assert losses(again) == losses(happened)
        assert [(e.epoch, e.step, e.metrics, e.is_best) for e in epochs(again)] == [
            (e.epoch, e.step, e.metrics, e.is_best) for e in epochs(happened)
        ]
    return happened


def test_a_training_goes_on_from_anywhere(data, tmp_path):
    happened = assert_same(config_of(optimizer=with_all_on("adam")), data, MOMENTS.values(), tmp_path)
    assert [type(h) for h in happened] == EPOCH * 3


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS.names() if name != "adam"])
def test_every_optimizer_goes_on_with_what_it_remembers(optimizer, data, tmp_path):
    assert_same(config_of(optimizer=with_all_on(optimizer)), data, WHERE, tmp_path)


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_situation_goes_on_from_anywhere(name, data, tmp_path):
    assert_same(config_of(**SITUATIONS[name]), data, WHERE, tmp_path)


@pytest.mark.parametrize("schedule", SCHEDULES.names())
def test_every_schedule_goes_on_with_what_it_remembers(schedule, data, tmp_path):
    fields = SCHEDULES.get(schedule).model_fields
    extra = {"warmup": 1.5, "every": 1, "patience": 0}
    settings = {"name": schedule, **{name: value for name, value in extra.items() if name in fields}}
    config = config_of(schedule=settings, architecture={"name": "mlp", "hidden": [8]}, optimizer="sgd")
    assert_same(config, data, WHERE, tmp_path)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_mixed_precision_goes_on(optimizer, data, tmp_path):
    assert_same(config_of(optimizer=with_all_on(optimizer)), data, WHERE, tmp_path, torch.bfloat16)


def test_a_batch_in_pieces_stays_in_pieces(data, tmp_path):
    def in_four(state):
        state.micro_batches = 4

    config = config_of(architecture={"name": "mlp", "hidden": [16], "dropout": 0.3})
    assert_same(config, data, WHERE, tmp_path, prepare=in_four)
    state, _, _ = run_in_two(config, data, 3, tmp_path / "last.pt", prepare=in_four)
    assert state.micro_batches == 4


def test_a_learning_rate_that_was_changed_stays_changed(data, tmp_path):
    def slower(state):
        state.learning_rate = 0.0002

    config = config_of(schedule="cosine")
    assert_same(config, data, [3], tmp_path, prepare=slower)
    state, _, _ = run_in_two(config, data, 3, tmp_path / "last.pt", prepare=slower)
    assert state.learning_rate == 0.0002


@pytest.mark.parametrize(
    ("augmentation", "training", "precision"),
    [({}, {}, torch.float32), ({"flip": True}, {"average_decay": 0.9}, torch.bfloat16)],
    ids=["plain", "mirrored, averaged and in bfloat16"],
)
def test_features_of_frozen_layers_are_made_again(augmentation, training, precision, data, tmp_path):
    def once_prepared(happened):
        assert isinstance(happened[0], Preparing)
        return [sum(isinstance(h, Preparing) for h in happened) + 1]

    config = config_of(training, architecture=FROZEN, augmentation=augmentation)
    assert_same(config, few(data, 90), once_prepared, tmp_path, precision)


def test_a_training_left_many_times_ends_the_same(data, tmp_path):
    config = config_of(**SITUATIONS["all"])
    whole, happened, splits = run(config, data)
    expected, path = everything(whole), tmp_path / "last.pt"
    state = begin(config, splits, CPU, None)
    again = []
    while state.epoch < 3:
        training = train(state, setup_of(config), splits)
        some = list(islice(training, 4))  # a validation of three batches is begun again, and ends with the fourth
        again += [h for h in some if isinstance(h, Step | Epoch)]
        write_checkpoint(path, {**network_content(state, description_of(config), {}), **resume_content(state, 1)})
        training.close()
        state = begin(config, splits, CPU, None)
        restore(state, load_checkpoint(path), path)
    assert everything(state) == expected
    assert losses(again) == losses(happened)


def test_the_end_of_a_training_can_be_moved_and_it_goes_on_from_its_last_weights(data, tmp_path):
    short, long = config_of({"epochs": 2}), config_of({"epochs": 5})
    splits = splits_of(short, data)
    state, _, _ = run(short, data)
    path = tmp_path / "last.pt"
    write_checkpoint(path, {**network_content(state, description_of(short), {}), **resume_content(state, 1)})
    again = begin(long, splits, CPU, None)
    restore(again, load_checkpoint(path), path)
    assert plain(dict(again.model.state_dict())) == plain(dict(state.model.state_dict()))
    more = list(train(again, setup_of(long), splits))
    assert [e.epoch for e in epochs(more)] == [3, 4, 5]
    whole, _, _ = run(long, data)
    assert everything(again) == everything(whole), "with a constant schedule as if planned so from the start"


@pytest.mark.parametrize(
    "parts",
    [{}, {"training": {"average_decay": 0.9}}, {"architecture": FROZEN}],
    ids=["plain", "average", "frozen"],
)
def test_a_snapshot_does_not_change_while_training_goes_on(parts, data):
    """Writing it takes place in another thread, many steps long."""
    config = config_of(**parts)
    splits = splits_of(config, few(data, 90))
    state = begin(config, splits, CPU, None)
    training = train(state, setup_of(config), splits)
    while not isinstance(next(training), Step):
        pass
    taken = {**network_content(state, description_of(config), {}), **resume_content(state, 1)}
    kept = copy.deepcopy(taken)
    list(training)
    assert plain(taken) == plain(kept)
    assert plain(dict(state.eval_model.state_dict())) != plain(kept["model"]), "it did learn"


def test_a_snapshot_shares_what_never_changes(data):
    """44 MB of a ResNet18 whose last layer trains are not copied at every checkpoint, nor from a GPU."""
    config = config_of(architecture=FROZEN)
    state = begin(config, splits_of(config, data), CPU, None)
    taken = network_content(state, description_of(config), {})["model"]
    own = state.model.state_dict()
    shared = {name for name in own if taken[name].data_ptr() == own[name].data_ptr()}
    assert shared == {name for name in own if name.startswith("frozen.")}
    again = network_content(state, description_of(config), {})["model"]
    assert {name for name in own if again[name] is taken[name]} == shared, "on a GPU it would be copied again"
    name, weights = next((name, each) for name, each in state.model.named_parameters() if name in shared)
    with torch.no_grad():
        weights.add_(1)  # as a state that is loaded does
    after = network_content(state, description_of(config), {})["model"]
    assert torch.equal(after[name], weights) and after[name] is not taken[name]


def test_a_run_begun_when_every_last_batch_was_a_step_goes_on_so(data, tmp_path):
    """272 training images are 2 batches of 128 and 16 images: since then they join the batch before."""
    config = config_of({"batch_size": 128})

    def as_before(state):
        state.least_batch = 2

    expected, happened, splits = run(config, data, prepare=as_before)
    assert [step.images for step in happened if isinstance(step, Step)] == [128, 128, 16] * 3
    state = begin(config, splits, CPU, None)
    assert [step.images for step in islice(train(state, setup_of(config), splits), 2)] == [128, 144], (
        "a new run does not"
    )
    state = begin(config, splits, CPU, None)
    as_before(state)
    training = train(state, setup_of(config), splits)
    for _ in range(2):
        next(training)
    content = {**network_content(state, description_of(config), {}), **resume_content(state, 1)}
    training.close()
    del content["resume"]["least_batch"]
    write_checkpoint(tmp_path / "last.pt", content)
    again = begin(config, splits, CPU, None)
    restore(again, load_checkpoint(tmp_path / "last.pt"), tmp_path / "last.pt")
    rest = [step.images for step in train(again, setup_of(config), splits) if isinstance(step, Step)]
    assert rest == [16, *[128, 128, 16] * 2]
    assert everything(again) == everything(expected)
