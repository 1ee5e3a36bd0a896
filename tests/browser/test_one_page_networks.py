"""Whatever network a page in one file carries, it answers as torch does and tells no lie: networks that learned nothing."""

import io
import json
import math
import zlib

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from core.architectures import ARCHITECTURES
from core.export.page import page as making
from core.export.page.familiar import Familiar
from core.export.page.graph import graph_of
from core.export.page.packing import Unpacked
from core.inference.neighbours import tempered
from core.training.views import VIEWS, with_views
from tests.browser.one_file import familiar_of, offline, opening  # noqa: F401
from tests.core.export.page.test_graph import settings, unsettled

pytestmark = pytest.mark.browser
OWN = 3  # pictures that a page tries itself with
OF_FEATURES = """async (rows) => {
    const familiar = Familiar.build(await Network.unpacked(document.getElementById("network").textContent));
    const empty = { pixels: new Uint8Array(1024), height: 32, width: 32, channels: 1 };
    return rows.map((row) => Familiar.score(familiar, Float32Array.from(row), empty));
}"""


@pytest.fixture(scope="module", autouse=True)
def packed_fast():
    """A browser unfolds whatever level it was packed at; the best one takes seconds for weights of noise."""
    best = zlib.compress
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zlib, "compress", lambda data, level: best(data, 0))
        yield


def written(place, model, shape, classes, answers=None, views="one"):
    """A page of a network that learned nothing, with pictures of noise."""
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (OWN, *shape), dtype=np.uint8)
    with torch.inference_mode():
        logits = with_views(model, views)((torch.from_numpy(pictures).float() / 255 - 0.4) / 0.25)
    said = {
        "title": "Noise",
        "classes": classes,
        "hint": "anything",
        "drawable": False,
        "about": ["Right on nothing."],
        "preparation": {
            "module": "photo",
            "function": "prepare_photo",
            "arguments": {"channels": shape[0], "size": shape[1:]},
        },
        "network": {
            "temperature": 0.8,
            "each": False,
            "views": VIEWS[views],
            "mean": [0.4] * shape[0],
            "deviation": [0.25] * shape[0],
        },
    }
    wanted = tempered(logits.softmax(1).numpy(), 0.8) if answers is None else answers
    features = random.normal(size=(60, model[-1].in_features)).astype(np.float32)
    familiar = Familiar.of(features, np.resize(pictures, (60, *shape)), features, np.resize(pictures, (60, *shape)))
    text = making.packed(graph_of(model, shape), said, familiar, pictures, wanted, math.inf, 1e-4)
    place.write_text(making.html("Noise", text), encoding="utf-8")
    return place


def network_of(name, shape, classes=7):
    return unsettled(settings(name).build(shape, classes))


@pytest.mark.parametrize("name", ARCHITECTURES.names())
def test_every_architecture_passes_the_pages_own_test(opened, tmp_path, name):
    shape = (3, 32, 32) if "weights" not in ARCHITECTURES.get(name).model_fields else (1, 32, 32)
    classes = [f"kind {number}" for number in range(7)]
    views = "moved" if name == "mlp" else "one"
    place = written(tmp_path / f"{name}.html", network_of(name, shape), shape, classes, views=views)
    page = opened(place, "#selftest")
    expect(page.locator("#selftest")).to_be_visible()
    found = json.loads(page.locator("#selftest").inner_text())
    assert found["pictures"] == found["same"] == OWN and found["largest_difference"] < 1e-4
    expect(page.locator("#tested")).to_contain_text(f"{OWN} of {OWN} pictures get the answer")


def test_a_page_whose_own_pictures_get_other_answers_refuses_to_answer(opened, tmp_path):
    wrong = np.eye(7, dtype=np.float32)[np.arange(OWN) % 7]
    shape = (1, 16, 16)
    place = written(tmp_path / "wrong.html", network_of("mlp", shape), shape, list("abcdefg"), answers=wrong)
    page = opened(place)
    expect(page.locator("#answer")).to_contain_text("This page does not answer")
    expect(page.get_by_role("button", name="Choose a picture")).to_be_disabled()


def test_of_many_classes_the_likeliest_are_shown_and_names_that_are_made_to_harm_are_only_names(opened, tmp_path):
    harm = ["</script><script>window.harmed = 1</script>", "<img src=x onerror='window.harmed = 1'>", "{{script}}"]
    shape, names = (3, 16, 16), [*harm, *(f"kind {number}" for number in range(27))]
    page = opened(written(tmp_path / "many.html", network_of("mlp", shape, 30), shape, names))
    for name in harm:
        expect(page.locator("#bars").get_by_text(name, exact=True)).to_be_visible()
    expect(page.locator("#knows")).to_contain_text("</script>")
    expect(page.locator("#bars")).to_contain_text("and 20 more")
    picture = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    page.locator("#file").set_input_files({"name": "noise.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    expect(page.locator("#bars li").first).to_have_class("won")
    said = page.locator("#bars li span:last-child").all_inner_texts()
    shares = [float(text.rstrip("%\u202f").lstrip("<")) for text in said]
    assert len(shares) == 10 and shares == sorted(shares, reverse=True)
    assert page.evaluate("window.harmed") is None and page.locator("main img").count() == 0


def test_the_signs_that_mix_features_are_those_of_python(opened, tmp_path):
    shape = (1, 32, 32)  # 64 x 8 x 8 features enter the last layer
    place = written(tmp_path / "wide.html", network_of("improved_cnn", shape), shape, list("abcdefg"))
    page = opened(place)
    unit = np.eye(4096, dtype=np.float32)[:2]
    familiar = familiar_of(Unpacked(page.locator("#network").text_content()))
    pictures = np.zeros((2, 1, 32, 32), np.uint8)
    found = page.evaluate(OF_FEATURES, unit.tolist())
    assert np.allclose(found, familiar.scores(unit, pictures), rtol=2e-3)
