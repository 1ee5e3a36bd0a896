"""The map of a dataset's pictures on its page: every picture that is there, in the colour of its class, the odd ones first."""

import numpy as np
import pytest

from core.image_analysis.picture_map import PictureMap, keep_map
from core.image_sets.edit import editing
from tests.own import own_dataset
from tests.pages.apps import component_data, open_app, run, widget, words

pytestmark = pytest.mark.usefixtures("data")


@pytest.fixture
def dataset(data, tmp_path, runs_folder):
    return own_dataset(data, tmp_path)


def opened(dataset):
    app = open_app("data", set=dataset.id)
    app.session_state[f"part of {dataset.id}"] = "Check"
    return run(app)


def test_there_is_none_before_the_pictures_were_looked_at(dataset):
    assert "Map of the pictures" not in words(opened(dataset))


def test_pictures_stand_in_the_colours_of_their_classes_and_can_be_moved_and_removed(dataset):
    members = dataset.members()
    images = members.images
    odd = np.ones(len(images), np.float32)
    odd[7] = 9
    keep_map(
        dataset, PictureMap(images, np.random.default_rng(0).normal(size=(len(images), 2)).astype(np.float32), odd)
    )
    app = opened(dataset)
    points, *legend = component_data(app, "figure")["traces"]
    assert len(points["x"]) == len(images) and {each["name"] for each in legend} == {"dots", "stripes"}
    colour = dict(zip((each["name"] for each in legend), (each["marker"]["color"] for each in legend), strict=True))
    assert [colour[name] for name in points["text"]] == points["marker"]["color"]
    assert np.argmax(points["marker"]["size"]) == 7
    names = {picture.id: picture.name for picture in dataset.pictures(images.tolist())}
    text = words(app)
    assert names[int(images[7])] in text[text.index("The oddest pictures") :].partition("<figcaption>")[0]
    app.session_state[f"chosen on the map of {dataset.id}"] = int(images[7])
    widget(run(app), "map move").click()
    run(app)
    moved = dict(zip(dataset.members().images.tolist(), dataset.members().classes.tolist(), strict=True))
    assert moved[int(images[7])] != members.classes[7]
    widget(app, "map remove").click()
    run(app)
    assert int(images[7]) not in dataset.members().images and len(component_data(app, "figure")["traces"][0]["x"]) == 39


def test_a_map_of_pictures_that_are_all_gone_is_none(dataset):
    keep_map(dataset, PictureMap(np.array([9000, 9001]), np.zeros((2, 2), np.float32), np.ones(2, np.float32)))
    with editing(dataset, "something") as edit:
        edit.remove([int(dataset.members().images[0])])
    assert "Map of the pictures" not in words(opened(dataset))
