"""The whole description of a run: to and from JSON, all problems at once, values that do not go together."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.run_config import PARTS, RunConfig
from core.settings.settings import SettingsError
from tests.helpers import assert_one_sentence


def problems(data):
    with pytest.raises(SettingsError) as caught:
        RunConfig.from_dict(data)
    found = {problem.path: problem.message for problem in caught.value.problems}
    assert len(found) == len(caught.value.problems), f"the same path twice: {caught.value.problems}"
    for message in found.values():
        assert_one_sentence(message)
    return found


def test_an_empty_object_is_a_whole_config():
    config = RunConfig.from_dict({})
    assert config.chosen() == {part: registry.default for part, registry in PARTS.items()}


@pytest.mark.parametrize(("part", "name"), [(part, name) for part in PARTS for name in PARTS[part].names()])
def test_everything_registered_survives_json(part, name, patterns):
    chosen = {"name": name} | ({"source": patterns.id} if name == "own_images" else {})
    size = {"dataset": "mnist"} if part == "architecture" else {}  # large enough for each
    data = {
        **size,
        part: chosen,
        "title": "Títle ✓",
        "recipe": "r",
        "training": {"epochs": 3, "seed": 7, "batch_size": 8},
    }
    config = RunConfig.from_dict(data)
    again = RunConfig.from_json(json.dumps(config.to_dict()))
    assert again == config
    assert RunConfig.from_json(config.model_dump_json()) == config
    assert getattr(again, part).name == name
    assert again.to_dict() == config.to_dict()


def test_the_json_says_everything_also_what_was_left_out():
    data = RunConfig.from_dict({"optimizer": "sgd"}).to_dict()
    assert data["format"] == 1
    assert data["optimizer"] == {
        "name": "sgd",
        "learning_rate": 0.01,
        "momentum": 0.9,
        "nesterov": False,
        "weight_decay": 0.0,
    }
    assert data["training"]["epochs"] == 10


def test_problems_of_all_parts_come_at_once():
    found = problems(
        {
            "dataset": "letters",
            "architecture": {"name": "mlp", "hidden": [0]},
            "loss": "hinge",
            "optimizer": {"name": "adam", "learning_rate": float("nan"), "speed": 1},
            "augmentation": {"rotation": 200},
            "training": {"epochs": 0, "batch_size": "big"},
            "colour": "red",
        }
    )
    assert set(found) == {
        "dataset",
        "architecture.hidden",
        "loss",
        "optimizer.learning_rate",
        "optimizer.speed",
        "augmentation.rotation",
        "training.epochs",
        "training.batch_size",
        "colour",
    }
    assert found["optimizer.learning_rate"] == (
        "Learning rate is not a number (NaN); it must be a number above 0, at most 10."
    )
    assert found["loss"] == "Unknown loss 'hinge'; choose one of: cross_entropy, nll, mse, bce."


def test_an_unknown_setting_lists_the_known():
    assert problems({"colour": 1})["colour"] == (
        "A config has no setting 'colour'; its settings are: format, title, recipe, experiment, dataset, architecture, "
        "loss, optimizer, schedule, augmentation, training."
    )


@pytest.mark.parametrize("format_number", [0, 2, "1", None])
def test_another_format_is_refused(format_number):
    message = problems({"format": format_number})["format"]
    assert "this version reads format 1" in message


@pytest.mark.parametrize("data", [None, 5, "config", [], [{}]])
def test_a_config_that_is_no_object_is_refused(data):
    assert problems(data) == {"": "The config is not an object with settings by name."}


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", '{"training": {"epochs": 3}', "\x00\x01", "\ufeff{}"])
def test_text_that_is_not_json_is_refused_in_one_sentence(text):
    with pytest.raises(SettingsError) as caught:
        RunConfig.from_json(text)
    assert_one_sentence(str(caught.value), "not valid JSON")


def test_json_nested_without_end_is_refused():
    with pytest.raises(SettingsError):
        RunConfig.from_json("[" * 200_000)


@pytest.mark.parametrize("key", ["title", "recipe"])
@pytest.mark.parametrize("value", [5, None, ["a"], {"a": 1}])
def test_a_title_that_is_not_text_is_refused(key, value):
    found = problems({key: value})
    assert set(found) == {key}
    assert "text" in found[key]


@pytest.mark.parametrize("part", [*PARTS, "augmentation", "training"])
@pytest.mark.parametrize("value", [5, [1], None, True])
def test_a_part_of_another_kind_is_refused(part, value):
    assert set(problems({part: value})) == {part}


def test_a_batch_larger_than_the_dataset_names_the_limit():
    assert problems({"training": {"batch_size": 1300}})["training.batch_size"] == (
        "Batch size is 1,300, but Tiny digits, 8 x 8 has 1,295 training images after the validation share; "
        "choose at most 1,295."
    )
    assert RunConfig.from_dict({"training": {"batch_size": 1295}})
    assert "at most 1,295" in problems({"training": {"batch_size": 1296}})["training.batch_size"]


def test_of_the_smallest_share_one_picture_of_each_class_is_held_out():
    training = {"validation_share": 0.001}
    assert RunConfig.from_dict({"training": training | {"batch_size": 1427}})
    assert "at most 1,427" in problems({"training": training | {"batch_size": 1428}})["training.batch_size"]


@pytest.mark.parametrize("architecture", ["improved_cnn", "cifar_cnn", "resnet18"])
def test_batch_norm_needs_two_images(architecture):
    found = problems({"architecture": architecture, "training": {"batch_size": 1}})
    assert "batch norm; choose at least 2" in found["training.batch_size"]
    assert RunConfig.from_dict({"architecture": "mlp", "training": {"batch_size": 1}})


@pytest.mark.parametrize("architecture", ["simple_cnn", "improved_cnn", "cifar_cnn"])
def test_more_poolings_than_the_picture_has_pixels_are_refused(architecture):
    found = problems({"dataset": "digits", "architecture": {"name": architecture, "channels": [8] * 4}})
    assert_one_sentence(found["architecture.channels"], "16 pixels", "8 x 8", "fewer entries in Channels")
    assert RunConfig.from_dict({"dataset": "digits", "architecture": {"name": architecture, "channels": [8] * 3}})


def test_a_warm_up_longer_than_the_training_is_refused():
    found = problems({"schedule": {"name": "cosine", "warmup": 3}, "training": {"epochs": 3}})
    assert_one_sentence(found["schedule.warmup"], "Warm-up is 3 epochs", "choose less than 3")
    assert RunConfig.from_dict({"schedule": {"name": "cosine", "warmup": 2.5}, "training": {"epochs": 3}})


def test_a_config_written_before_there_were_schedules_is_taken():
    data = RunConfig.from_dict({}).to_dict()
    del data["schedule"]
    for name in ("precision", "best_by", "patience", "gradient_clip", "average_decay", "start_from", "compile"):
        del data["training"][name]
    del data["loss"]["label_smoothing"]
    assert RunConfig.from_dict(data) == RunConfig.from_dict({})


@pytest.mark.parametrize(
    ("name", "value", "parts"),
    [
        ("precision", "float16", ["Precision is 'float16'", "auto, float32, bfloat16"]),
        ("best_by", "luck", ["Best epoch by is 'luck'", "accuracy, loss"]),
        ("patience", -1, ["Patience is -1", "from 0 to 10,000"]),
        ("gradient_clip", -0.5, ["Gradient clipping is -0.5", "from 0 to 1,000"]),
        ("average_decay", 1, ["Weight averaging is 1", "0.9999"]),
        ("start_from", 5, ["Start from run is 5", "text"]),
        ("compile", "perhaps", ["Compile is 'perhaps'", "on or off"]),
    ],
)
def test_a_wrong_training_setting_is_one_sentence(name, value, parts):
    assert_one_sentence(problems({"training": {name: value}})[f"training.{name}"], *parts)


def test_nesterov_needs_momentum():
    found = problems({"optimizer": {"name": "sgd", "momentum": 0, "nesterov": True}})
    assert found == {
        "optimizer.nesterov": "Nesterov is on but momentum is 0; it needs a momentum above 0, 0.9 for example."
    }


@pytest.mark.parametrize("device", ["auto", "cpu", "mps", "cuda", "cuda:0", "cuda:12"])
def test_devices_are_known_by_kind(device):
    assert RunConfig.from_dict({"training": {"device": device}}).training.device == device


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "CPU", "", "cuda:0; rm -rf /", "cpu\n"])
def test_other_devices_are_refused(device):
    assert "it must be auto, cpu, mps, cuda" in problems({"training": {"device": device}})["training.device"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_KEYS = st.sampled_from([*PARTS, "augmentation", "training", "title", "recipe", "format"]) | st.text(max_size=5)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_any_object_is_taken_or_refused_but_never_breaks(data):
    try:
        config = RunConfig.from_dict(data)
    except SettingsError as error:
        assert error.problems
    else:
        assert RunConfig.from_json(json.dumps(config.to_dict())) == config


def test_a_batch_must_fit_into_the_training_pictures_that_are_used():
    with pytest.raises(SettingsError) as caught:
        RunConfig.from_dict({"training": {"training_pictures": 3, "batch_size": 31}})
    assert_one_sentence(
        str(caught.value), "Batch size is 31", "3 training pictures of each class make 30", "at most 30"
    )
    RunConfig.from_dict({"training": {"training_pictures": 3, "batch_size": 30}})


def test_more_training_pictures_of_a_class_than_there_are_at_all_are_refused():
    with pytest.raises(SettingsError) as caught:
        RunConfig.from_dict({"training": {"training_pictures": 1438}})
    assert_one_sentence(str(caught.value), "Training pictures is 1,438", "has 1,437 in all classes")


def test_every_setting_has_its_path_spec_and_value():
    config = RunConfig.from_dict({"optimizer": {"name": "sgd", "momentum": 0.5}})
    found = config.fields()
    assert (found["optimizer"].kind, found["optimizer"].choices["sgd"]) == ("choice", "SGD")
    assert (found["optimizer.momentum"].title, config.value_at("optimizer.momentum")) == ("Momentum", 0.5)
    assert (config.value_at("optimizer"), config.value_at("schedule.final")) == ("sgd", None)
    assert (
        list(found).index("optimizer") < list(found).index("optimizer.momentum") < list(found).index("training.epochs")
    )
    assert config.with_changes({path: config.value_at(path) for path in found}) == config


def test_changes_are_made_by_path_whatever_their_order():
    config = RunConfig.from_dict({"optimizer": {"name": "sgd", "momentum": 0.5}})
    changed = config.with_changes({"schedule.final": 0.5, "training.epochs": 3, "schedule": "cosine", "title": "Other"})
    assert (changed.schedule.name, changed.schedule.final, changed.training.epochs) == ("cosine", 0.5, 3)
    assert (changed.title, config.schedule.name) == ("Other", "constant")
    assert config.with_changes({"optimizer": "sgd"}).optimizer.momentum == 0.5, (
        "what is chosen already keeps its settings"
    )
    assert config.with_changes({"optimizer": {"name": "sgd"}}).optimizer.momentum == 0.9


def test_all_wrong_changes_are_told_at_once():
    with pytest.raises(SettingsError) as caught:
        RunConfig.from_dict({}).with_changes(
            {"training.epochs": 0, "loss": "none", "optimizer.speed": 1, "colour.hue": 2}
        )
    assert {problem.path for problem in caught.value.problems} == {
        "training.epochs",
        "loss",
        "optimizer.speed",
        "colour",
    }


def test_each_of_several_devices_needs_a_picture_of_a_batch():
    with pytest.raises(SettingsError) as caught:
        RunConfig.from_dict({"training": {"batch_size": 3, "devices": 4}})
    assert "Batch size is 3, but 4 devices share each batch; choose at least 4." in str(caught.value)
    assert RunConfig.from_dict({"training": {"batch_size": 4, "devices": 4}}).training.devices == 4
    assert RunConfig.from_dict({}).training.devices == 1, "as runs of before there was this setting"
