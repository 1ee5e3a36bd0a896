"""A package answers as the dashboard does, in a process that has nothing of TrainDesk; one that does not is not made."""

import hashlib
import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from packaging.requirements import Requirement
from PIL import Image

from core.errors import TrainDeskError
from core.export.package import package as module
from core.export.package.onnx_file import write_onnx
from core.export.package.package import modules_of, write_package
from core.export.package.predict import in_words
from core.export.package.proof import answers_of
from core.inference.classifier import Classifier
from core.inference.neighbours import Neighbours
from pages.components.classify.prediction_view import Said, words
from tests.core.export.package.packages import Package, trained
from tests.core.export.script.scripts import installed
from tests.helpers import assert_one_sentence


@pytest.fixture(scope="module")
def run(tmp_path_factory, data_folder):
    """A network of the digits whose confidence has to be put right."""
    network = {"name": "simple_cnn", "channels": [8, 16], "hidden": [32]}
    optimizer = {"name": "adam", "learning_rate": 0.005}
    folder = tmp_path_factory.mktemp("package run")
    return trained(folder, data_folder, title="Small: digits", epochs=5, architecture=network, optimizer=optimizer)


@pytest.fixture(scope="module")
def package(run, data_folder, tmp_path_factory):
    return Package(run, data_folder, tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def own_package(patterns, data_folder, tmp_path_factory):
    """Of own pictures, which are cropped: no ink is looked for."""
    dataset = {"name": "own_images", "source": patterns.id, "side": 48}
    folder = tmp_path_factory.mktemp("own package")
    return Package(trained(folder, data_folder, dataset=dataset, epochs=2, batch_size=8), data_folder, folder)


def test_it_says_how_many_pictures_get_the_same_answer(package):
    facts = package.facts
    assert facts["pictures_same"] == facts["pictures"] == 142  # all that were held back
    assert facts["drawings_same"] == facts["drawings"] == 200
    assert facts["largest_difference"] <= 1e-4 and facts["empty"] == 1
    assert 10 <= facts["unfamiliar"] <= 190, "nothing is shown where everything or nothing is familiar"
    assert re.fullmatch(
        r"142 of 142 pictures and 200 of 200 drawings get the same answer; probabilities differ by at most 0\.0+\d\.",
        facts["sentence"],
    )
    shares = [share for share, _ in package.told]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1


def test_every_file_is_in_the_proof_with_its_checksum(package):
    proof = json.loads((package.folder / "proof.json").read_text())
    found = {
        path.relative_to(package.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in package.folder.rglob("*")
        if path.is_file()
        and path.name != "proof.json"
        and "__pycache__" not in path.parts  # of a program that ran here
    }
    assert proof["files"] == found
    assert proof["sentence"] == package.facts["sentence"]
    assert {"torch", "onnxruntime", "numpy"} <= set(proof["versions"])
    assert set(found) - {path for path in found if path.startswith("core/")} == {
        "model.onnx", "model.safetensors", "config.json", "labels.txt", "README.md", "predict.py", "requirements.txt",
        "train.py",
    }  # fmt: skip
    assert package.folder.name == "Small-digits"


def test_what_prepares_pictures_is_copied_and_not_written_again(package, own_package):
    for each, needed in ((package, "core/images/optdigits.py"), (own_package, "core/images/fit.py")):
        copied = [path.relative_to(each.folder) for path in (each.folder / "core").rglob("*.py")]
        assert Path(needed) in copied and Path("core/errors.py") in copied
        assert all((each.folder / path).read_bytes() == path.read_bytes() for path in copied)
    assert not (package.folder / "core/images/photo.py").exists()


def test_the_modules_are_those_that_are_imported_and_theirs():
    assert set(modules_of(["core.images.optdigits"])) == {
        "core", "core.errors", "core.images", "core.images.ink", "core.images.inkmap", "core.images.optdigits",
        "core.images.paper", "core.images.rules",
    }  # fmt: skip


def test_weights_and_classes_are_laid_out_as_model_hubs_read_them(package, run):
    from safetensors.torch import load_file

    classifier = Classifier.load(run)
    weights = load_file(package.folder / "model.safetensors")
    assert {name: tensor.tolist() for name, tensor in weights.items()} == {
        name: tensor.tolist() for name, tensor in classifier.model.state_dict().items()
    }
    config = json.loads((package.folder / "config.json").read_text())
    assert config["id2label"] == {str(digit): str(digit) for digit in range(10)}
    assert config["image_mean"] == [0.3053] and config["architecture"]["channels"] == [8, 16]
    assert (package.folder / "labels.txt").read_text().split() == list("0123456789")
    others = (package.folder / "labels.txt").stat().st_mode
    assert {path.stat().st_mode for path in package.folder.iterdir() if path.is_file()} == {others}, "all may be read"


def test_pictures_and_folders_are_answered_in_order_and_the_wrong_ones_say_why(package, data_folder, run, tmp_path):
    classifier = Classifier.load(run)
    known = Neighbours.of(classifier, data_folder)
    digits = classifier.config.dataset.load(data_folder).test_images[:6, 0].numpy()
    (tmp_path / "more" / "deep").mkdir(parents=True)
    files = [tmp_path / f"{place}.png" for place in range(3)]
    files += [tmp_path / "more" / "a.png", tmp_path / "more" / "deep" / "b.bmp", tmp_path / "more" / "z.png"]
    for file, digit in zip(files, digits, strict=True):
        Image.fromarray(digit).save(file)
    (tmp_path / "text.png").write_text("no picture at all")
    (tmp_path / "more" / "notes.txt").write_text("passed over")
    Image.new("RGB", (200, 200), "white").save(tmp_path / "empty.png")
    Image.new("RGB", (64, 64), "red").save(tmp_path / "iphone.heic", format="HEIF")
    (tmp_path / "none").mkdir()
    wrong = {
        tmp_path / "text.png": ["not an image"],
        tmp_path / "empty.png": ["Nothing is drawn"],
        tmp_path / "gone.png": ["cannot be opened"],
        tmp_path / "iphone.heic": ["HEIC", "pip install pillow-heif"],
        tmp_path / "none": ["'none' is a folder without pictures"],
    }
    rows, status = package.rows(*files[:3], *wrong, tmp_path / "more")
    assert status == 1
    assert [row["picture"] for row in rows] == [str(path) for path in [*files[:3], *wrong, *files[3:]]]
    for row, told in zip(rows[3:8], wrong.values(), strict=True):
        assert_one_sentence(row["error"], *told)
    own = answers_of(classifier, known, files)
    for row, shares, score, strange in zip(
        rows[:3] + rows[8:], own.probabilities, own.ood_scores, own.unfamiliar, strict=True
    ):
        np.testing.assert_allclose(list(row["probabilities"].values()), shares, atol=1e-5)
        assert row["answer"] == str(shares.argmax()) and row["unfamiliar"] == strange
        assert row["ood_score"] == pytest.approx(score, rel=1e-4)


def test_the_lines_for_people_say_what_the_dashboard_says(package, tmp_path):
    Image.new("L", (9, 9)).save(tmp_path / "black.png")
    said = package.ask(tmp_path / "black.png")
    assert said.returncode == 1 and said.stdout.startswith(f"{tmp_path / 'black.png'} Nothing is drawn")
    assert package.ask("--classes").stdout.split() == list("0123456789")
    nothing = package.ask()
    assert nothing.returncode == 2 and "say which" in nothing.stderr


@pytest.mark.parametrize("shares", [(0.9, 0.08, 0.02), (0.1, 0.6, 0.3), (0.4, 0.25, 0.35), (1.0, 0.0, 0.0)])
def test_the_words_are_those_of_the_dashboard(shares):
    names = ("ant", "bee", "cat")
    row = {"probabilities": dict(zip(names, shares, strict=True)), "unfamiliar": False}
    assert in_words(row) == re.sub("<[^>]+>", "", words(Said(np.array(shares, np.float32)), names))
    strange = re.sub("<[^>]+>", "", words(Said(np.array(shares, np.float32), True), names))
    beginning, end = in_words(row | {"unfamiliar": True}).split(". ")
    assert strange.startswith(beginning) and strange.endswith(end)


def test_the_camera_is_asked_until_it_gives_nothing_and_where_there_is_none_that_is_said(package, tmp_path):
    without = package.ask("--camera", "0")
    assert without.returncode == 1
    assert_one_sentence(without.stderr.strip() + ".", "needs OpenCV")
    camera = package.folder / "cv2.py"
    camera.write_text(
        "import numpy as np\n"
        "class VideoCapture:\n"
        "    def __init__(self, index):\n"
        "        assert index == 3\n"
        "        self.left = 2\n"
        "    def read(self):\n"
        "        self.left -= 1\n"
        "        frame = np.full((120, 160, 3), 255, np.uint8)\n"
        "        frame[20:100, 75:85] = (120, 0, 0)\n"
        "        return self.left >= 0, frame\n"
    )
    try:
        seen = package.ask("--camera", "3", "--json", more=["cv2"])
    finally:
        camera.unlink()
    assert [set(json.loads(line)) for line in seen.stdout.splitlines()] == [
        {"picture", "answer", "unfamiliar", "ood_score", "probabilities"}
    ] * 2
    assert seen.returncode == 1 and "Camera 3 gives no picture" in seen.stderr


def test_own_pictures_need_no_scipy(own_package, tmp_path):
    assert "scipy" not in (own_package.folder / "requirements.txt").read_text()
    assert own_package.facts["other_pictures_same"] == 200
    Image.linear_gradient("L").save(tmp_path / "grey.jpg")
    (row,), status = own_package.rows(tmp_path / "grey.jpg")
    assert status == 0 and set(row["probabilities"]) == {"stripes", "dots"}


@pytest.fixture
def few_drawings(monkeypatch):
    monkeypatch.setattr("core.export.package.proof_pictures.FOREIGN", 30)


def test_the_network_alone_is_the_one_that_passed_the_proof(
    package, run, data_folder, tmp_path, monkeypatch, few_drawings
):
    written, asked = (package.folder / "model.onnx").read_bytes(), []
    monkeypatch.setattr(module, "as_onnx", lambda classifier, _: asked.append(classifier.checkpoint) or written)
    facts = write_onnx(run, tmp_path / "alone.onnx", "best", data_folder, lambda *_: None)
    assert facts["pictures_same"] == facts["pictures"] == 142
    assert (tmp_path / "alone.onnx").read_bytes() == written and asked == ["best"]


def changed(content, name_part, change):
    """The file with some of its numbers changed."""
    model = onnx.load_from_string(content)
    (found,) = (each for each in model.graph.initializer if name_part in each.name)
    found.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(found).copy()), found.name))
    return model.SerializeToString()


def a_little_more(values):
    values[0] += 0.05
    return values


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("network.0.weight", a_little_more),
        ("pixels", lambda pixels: pixels // 8 * 8),  # as if the bank had been rounded
        ("features", lambda features: np.roll(features, 1, axis=1)),
    ],
)
def test_what_answers_differently_is_not_made(
    part, change, package, run, data_folder, tmp_path, monkeypatch, few_drawings
):
    damaged = changed((package.folder / "model.onnx").read_bytes(), part, change)
    monkeypatch.setattr(module, "as_onnx", lambda *_: damaged)
    with pytest.raises(TrainDeskError) as caught:
        write_package(run, tmp_path / "never.zip", "", data_folder, lambda *_: None)
    assert_one_sentence(str(caught.value), "of 172 pictures differently", "no package")
    assert list(tmp_path.iterdir()) == []


def test_without_the_pictures_there_is_no_package(run, data_folder, tmp_path, monkeypatch):
    from core.datasets import DatasetError

    def gone(*_):
        raise DatasetError("The pictures are gone; bring them back.")

    monkeypatch.setattr("core.inference.neighbours.open_images", gone)
    with pytest.raises(TrainDeskError) as caught:
        write_package(run, tmp_path / "never.zip", "", data_folder, lambda *_: None)
    assert_one_sentence(str(caught.value), "not on this computer", "bring them back")
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_ends_early_is_one_sentence(package, run, data_folder, tmp_path, monkeypatch, few_drawings):
    monkeypatch.setattr(module, "as_onnx", lambda *_: (package.folder / "model.onnx").read_bytes())
    program = tmp_path / "predict.py"
    program.write_text("import torch")
    monkeypatch.setattr(module, "PROGRAM", program)
    with pytest.raises(TrainDeskError) as caught:
        write_package(run, tmp_path / "never.zip", "", data_folder, lambda *_: None)
    assert_one_sentence(str(caught.value), "after 0 of 172", "No module named 'torch'")
    assert not (tmp_path / "never.zip").exists()


@pytest.mark.links
def test_what_the_package_asks_for_is_enough(package, tmp_path):
    """As someone else will have it: Python, and what requirements.txt names brings along, in versions that it allows."""
    asked = [Requirement(line) for line in (package.folder / "requirements.txt").read_text().splitlines()]
    assert all(each.specifier.contains(version(each.name)) for each in asked)
    (tmp_path / "packages").mkdir()
    packages = installed(tmp_path / "packages", *(each.name for each in asked))
    Image.new("RGB", (200, 200), "white").save(tmp_path / "empty.png")
    Image.fromarray(np.pad(np.full((60, 8), 255, np.uint8), ((20, 20), (46, 46)))).save(tmp_path / "one.png")
    done = subprocess.run(
        [sys.executable, "-S", "-B", "predict.py", "--json", tmp_path / "one.png", tmp_path / "empty.png"],
        cwd=package.folder, env={**os.environ, "PYTHONPATH": str(packages)}, capture_output=True, encoding="utf-8", timeout=240,
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    one, empty = (json.loads(line) for line in done.stdout.splitlines())
    (here, _), _ = package.rows(tmp_path / "one.png", tmp_path / "empty.png")
    assert one["answer"] == here["answer"] and one["unfamiliar"] == here["unfamiliar"]
    assert one["probabilities"] == pytest.approx(here["probabilities"], abs=1e-5)
    assert_one_sentence(empty["error"], "Nothing is drawn")
