"""Every registered dataset tells its facts without being loaded and prepares pictures. A new one is tested by being there."""

import numpy as np
import pytest
from PIL import Image

from core.datasets import DATASETS


@pytest.mark.parametrize("name", DATASETS.names())
def test_every_dataset_tells_its_facts_without_being_loaded(name):
    settings = DATASETS.parse(name)
    info = settings.info()
    channels, height, width = info.shape
    assert channels in (1, 3) and height > 0 and width > 0
    assert len(set(info.class_names)) == len(info.class_names) >= 2
    assert len(info.mean) == len(info.deviation) == channels
    assert all(0 < value < 1 for value in (*info.mean, *info.deviation))
    assert info.train_images > info.test_images > 0
    assert settings.input_hint


@pytest.mark.parametrize("normalisation", ["standard", "zero_one", "half", "imagenet"])
@pytest.mark.parametrize("name", DATASETS.names())
def test_every_normalisation_has_a_value_for_each_channel(name, normalisation):
    settings = DATASETS.parse({"name": name, "normalisation": normalisation})
    mean, deviation = settings.mean_and_deviation()
    assert len(mean) == len(deviation) == settings.info().shape[0]
    assert min(deviation) > 0


@pytest.mark.parametrize("name", DATASETS.names())
def test_every_dataset_prepares_a_picture_in_its_own_form(name):
    settings = DATASETS.parse(name)
    picture = np.full((90, 70, 3), 255, dtype=np.uint8)
    picture[20:70, 30:40] = 0
    prepared = settings.prepare(Image.fromarray(picture))
    assert prepared.shape == settings.info().shape and prepared.dtype == np.uint8
    assert prepared.max() > prepared.min()


@pytest.mark.parametrize("name", DATASETS.names())
def test_a_dataset_is_present_when_its_sources_are(name, tmp_path):
    settings = DATASETS.parse(name)
    sources = settings.sources(tmp_path)
    for source in sources:
        assert not settings.is_present(tmp_path)
        source.parent.mkdir(parents=True, exist_ok=True)
        source.touch()
    assert settings.is_present(tmp_path)
