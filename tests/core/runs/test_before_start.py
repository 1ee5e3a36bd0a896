"""What a training's own pictures forbid, told before it starts."""

import pytest

from core.image_sets.splitting import TRAIN, VAL
from core.runs import before_start
from core.runs.before_start import check_before_start, check_of_many, problems_before_start, shared_out
from core.settings.settings import SettingsError
from tests.helpers import quick_config


def own(patterns, **settings):
    return quick_config(dataset={"name": "own_images", "source": patterns.id, "side": 32}, **settings)


def test_the_pictures_are_shared_out_as_the_training_will_have_them(patterns, data_folder):
    config = own(patterns, batch_size=4)
    shared = shared_out(config, data_folder)
    assert len(shared.counts) == len(shared.names) and shared.total(TRAIN) > shared.total(VAL) > 0
    assert problems_before_start(config, data_folder) == []
    check_before_start(config, data_folder)


def test_a_batch_larger_than_what_is_left_is_told_at_its_setting(patterns, data_folder):
    config = own(patterns, batch_size=90_000)
    (problem,) = problems_before_start(config, data_folder)
    assert problem.path == "training.batch_size" and "90,000" in problem.message
    with pytest.raises(SettingsError, match="90,000"):
        check_before_start(config, data_folder)


def test_of_many_configs_each_way_of_sharing_is_reckoned_once(patterns, data_folder, monkeypatch):
    reckoned = []
    monkeypatch.setattr(before_start, "shared_out", lambda *given: reckoned.append(given) or shared_out(*given))
    check = check_of_many(data_folder)
    for rate in (0.1, 0.2, 0.3):
        check(own(patterns, batch_size=4, optimizer={"name": "sgd", "learning_rate": rate}))
    check(own(patterns, batch_size=4, training={"seed": 5}))
    with pytest.raises(SettingsError):
        check(own(patterns, batch_size=90_000))
    assert len(reckoned) == 2
