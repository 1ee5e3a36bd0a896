"""Every setting of every registered class: in the form once, kept, explained when wrong, and in the run's config in the end."""

import json

import pytest

from core.run_config import GROUPS, PARTS
from core.runs.store import list_runs
from core.settings.settings import fields_of
from pages.components.shell.form_values import from_widget, to_widget
from pages.components.train.form import OFTEN_USED, SECTIONS, form_rows, often_used, sections
from tests.helpers import wait_until
from tests.pages.apps import beside, go, open_app, run, widget, words
from tests.pages.fake_runs import fake_run

pytestmark = pytest.mark.usefixtures("two_devices")

CLASSES = [(part, name) for part, registry in PARTS.items() for name in registry.names()]
CLASSES += [(group, "") for group in GROUPS]
# each class in one form, with classes of the other parts: a visit each would take three times as long
FORMS = [
    {part: registry.names()[turn % len(registry.names())] for part, registry in PARTS.items()}
    for turn in range(max(len(registry.names()) for registry in PARTS.values()))
] + [{group: ""} for group in GROUPS]
SPECIAL = {"device": "cpu", "batch_size": 65, "weights_file": "/nowhere/weights.pth", "channels": [6], "warmup": 0.5}
SPECIAL["training_pictures"] = 100  # of each class: more than a batch


def prefix_of(owner, name):
    return f"{owner}.{name}" if name else owner


def specs_of(owner, name):
    return fields_of(PARTS[owner].get(name) if name else GROUPS[owner])


def open_form(chosen):
    """The form with these classes, owner -> name."""
    app = open_app("train")
    for owner, name in chosen.items():
        if name:
            widget(app, f"form:{owner}").set_value(name)
    return run(app)


def fields_in(chosen):
    """(owner, key, spec) of every field of these classes."""
    for owner, name in chosen.items():
        for spec in specs_of(owner, name):
            yield owner, f"form:{prefix_of(owner, name)}.{spec.name}", spec


def other_value(spec, start_from, source):
    """An allowed value that is not the default."""
    if spec.name == "source":
        return source
    if spec.name == "start_from":
        return start_from
    if spec.name in SPECIAL:
        return SPECIAL[spec.name]
    if spec.kind == "boolean":
        return not spec.default
    if spec.choices:
        return next(value for value in spec.choices if value != spec.default)
    if spec.kind == "integers":
        return [int(spec.low) + 1] * spec.entries[1]
    if spec.kind == "integer":
        return spec.default + 1 if spec.high is None or spec.default < spec.high else spec.default - 1
    return round(spec.default / 2, 9) or (spec.high / 4 if spec.high else 0.5)


def test_every_class_is_in_a_form():
    assert {each for chosen in FORMS for each in chosen.items()} == set(CLASSES)


@pytest.mark.parametrize("chosen", FORMS, ids=lambda chosen: "-".join(filter(None, chosen.values())) or [*chosen][0])
def test_every_value_is_kept_across_pages_and_comes_through_to_the_config(chosen, runs_folder, launched, patterns):
    earlier = fake_run(runs_folder, "finished")
    earlier.best.write_bytes(b"not read")
    wanted = {owner: {} for owner in chosen}
    for owner, _, spec in fields_in(chosen):
        wanted[owner][spec.name] = other_value(spec, earlier.id, patterns.id)
    if "augmentation" in chosen:
        wanted["augmentation"]["flip"] = False  # one of the two ways to mirror
    app = open_form(chosen)
    if "dataset" in chosen:  # own pictures are few
        widget(app, "form:training.batch_size").set_value(8)
    for owner, key, spec in fields_in(chosen):
        widget(app, key).set_value(to_widget(spec, wanted[owner][spec.name]))
    run(app)
    run(go(app, "runs"))
    run(go(app, "train"))
    widget(app, "start").click()
    run(app)
    [new] = [found for found in list_runs(runs_folder) if found.id != earlier.id]
    stored = json.loads(new.config_file.read_text())
    for owner, name in chosen.items():
        data = stored[owner]
        assert {key: value for key, value in data.items() if key not in ("name", "facts")} == wanted[owner]
        assert data.get("name", "") == name


@pytest.mark.parametrize("chosen", FORMS, ids=lambda chosen: "-".join(filter(None, chosen.values())) or [*chosen][0])
def test_every_choice_draws_its_own_fields_and_explains_every_wrong_value_beside_them(chosen, runs_folder):
    wrong = {"integer": -7, "number": "-7", "integers": "-7"}
    app = open_form(chosen)
    drawn = {element.key for kind in (app.text_input, app.number_input, app.selectbox, app.toggle) for element in kind}
    for owner, name in chosen.items():
        others = {key for key in drawn if name and key.startswith(f"form:{owner}.")}
        assert others == {key for _, key, _ in fields_in({owner: name}) if name}, "fields of another choice"
    for _, key, spec in fields_in(chosen):
        assert widget(app, key).label.startswith(spec.title) and widget(app, key).help
    fields = [(key, spec) for _, key, spec in fields_in(chosen) if spec.kind in wrong]
    for key, spec in fields:
        widget(app, key).set_value(wrong[spec.kind])
    run(app)
    for key, spec in fields:
        assert f"{spec.title} is -7; it must be {spec.allowed()}." in beside(app, key)
    assert f"{len(fields)} values to correct" in words(app)
    assert widget(app, "start").disabled


@pytest.mark.parametrize("group", GROUPS)
def test_each_setting_of_a_group_has_one_place(group):
    specs = fields_of(GROUPS[group])
    placed = [spec.name for _, members in sections(group, specs) for spec in members]
    placed += [spec.name for spec in often_used(specs)] if group == "training" else []
    assert sorted(placed) == sorted(spec.name for spec in specs)


def test_the_layout_names_only_settings_that_exist():
    named = {group: [name for names in rows.values() for name in names] for group, rows in SECTIONS.items()}
    named["training"] += OFTEN_USED
    for group, names in named.items():
        assert set(names) <= set(GROUPS[group].model_fields), group
    assert sorted(owner for row in form_rows() for owner in row) == sorted([*PARTS, "training"])


def test_a_setting_that_the_layout_does_not_know_is_drawn_all_the_same(monkeypatch):
    monkeypatch.setitem(SECTIONS["training"], "Steps", ())
    found = dict(sections("training", fields_of(GROUPS["training"])))
    assert {spec.name for spec in found["Others"]} == {
        "training_pictures",
        "balance",
        "gradient_clip",
        "average_decay",
        "seed",
    }


def test_a_fold_says_which_of_its_settings_are_changed(runs_folder):
    app = open_app("train", recipe="mlp")
    before = words(app)
    widget(app, "form:training.gradient_clip").set_value("1")
    widget(app, "form:augmentation.flip").set_value(True)
    run(app)
    for each in app.expander:  # the settings themselves are out of sight
        app.session_state[each.key] = False
    after = words(run(app))
    for said in ("Mirror</p>", "Gradient clipping</p>"):
        assert said not in before and said in after
    assert "form:augmentation.flip" not in [toggle.key for toggle in app.toggle], "a closed fold costs nothing"


def test_a_run_can_start_from_earlier_ones_that_have_a_checkpoint(runs_folder):
    run_with, without = fake_run(runs_folder, "finished"), fake_run(runs_folder, "failed")
    run_with.best.write_bytes(b"not read")
    app = open_app("train", **{"from": run_with.id})
    options = widget(app, "form:training.start_from").options
    assert options[0] == "none"
    assert options[1].startswith("Handwritten digits: SimpleCNN, today ") and run_with.id in options[1]
    assert not any(without.id in option for option in options)
    widget(app, "form:architecture").set_value("mlp")  # nothing of a convolutional network fits it
    run(app)
    assert widget(app, "form:training.start_from").options == ["none"]


def test_a_run_to_start_from_that_is_gone_stays_and_is_marked(runs_folder):
    source = fake_run(runs_folder, "finished")
    data = json.loads(source.config_file.read_text())
    data["training"]["start_from"] = "gone"
    source.config_file.write_text(json.dumps(data))
    app = open_app("train", **{"from": source.id})
    assert "gone (not available here)" in widget(app, "form:training.start_from").options


def test_widgets_give_back_what_they_were_given():
    for owner, name in CLASSES:
        for spec in specs_of(owner, name):
            read = from_widget(spec, to_widget(spec, spec.default))
            assert (tuple(read) if isinstance(read, list) else read) == spec.default


def test_runs_whose_weights_fit_a_changed_network_are_listed_when_that_is_known(runs_folder, asked_what_fits):
    source = fake_run(runs_folder, "finished")
    source.best.write_bytes(b"not read")
    app = open_app("train", **{"from": source.id})
    widget(app, "form:architecture.simple_cnn.hidden").set_value("8")

    def is_listed():
        run(app)
        return any(source.id in option for option in widget(app, "form:training.start_from").options)

    wait_until(is_listed, what="the run is listed with one layer more")
    widget(app, "form:training.start_from").set_value(source.id)
    widget(app, "form:architecture.simple_cnn.channels").set_value("5, 7, 9")
    wait_until(
        lambda: any("do not fit" in option for option in widget(run(app), "form:training.start_from").options),
        what="it is said that its weights do not fit",
    )


def test_the_form_says_whether_weights_are_here_or_how_much_is_downloaded(runs_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINDESK_DATA", str(tmp_path))
    app = open_app("train")
    widget(app, "form:architecture").set_value("efficientnet_lite0")
    assert "Its ImageNet weights came with the program." in words(run(app))
    widget(app, "form:architecture").set_value("resnet18")
    assert "47 MB of ImageNet weights are downloaded once" in words(run(app))
    assert "10 MB of ImageNet weights" in widget(app, "form:architecture").help
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "resnet18-f37072fd.pth").write_bytes(b"not read")
    assert "Its ImageNet weights are on this computer." in words(run(app))
    widget(app, "form:architecture.resnet18.weights").set_value("random")
    assert "ImageNet weights are on" not in words(run(app))
