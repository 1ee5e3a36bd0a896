"""How another computer is asked to join: the steps, a join file, and what a guest sees of it."""

import sys

import pytest

from core.errors import TrainDeskError
from core.nodes import authority
from core.nodes.authority import Authority
from core.nodes.desk_process import Join
from core.nodes.registry import write_node
from core.sharing import Guest
from pages.components.system import joining
from tests.pages.apps import ROOT, open_app, press, run, words
from tests.pages.fake_runs import fake_run
from tests.pages.system.test_computers import in_touch_for_long, labels, node  # noqa: F401


@pytest.fixture
def made(monkeypatch):
    """Join files are made as ever, but no desk is started. -> what was asked for."""
    asked = []

    def make(runs_folder, data_folder):
        asked.append((runs_folder, data_folder))
        join, data = Authority(runs_folder).new_join(["192.168.1.5:8786"])
        name = f"join-{join.id}.tdk"
        return Join(name, data, f"python -m core node 192.168.1.5:8786 --join {name}")

    monkeypatch.setattr(joining, "make_join_file", make)
    return asked


def test_the_steps_open_and_close(runs_folder, made):
    app = press(open_app("system"), "add a computer")
    text = words(app)
    assert f"`{ROOT}` without `.venv`, `data` and `checkpoints`" in text, "the desk's keys stay here"
    assert f"Python ({sys.version_info.major}.{sys.version_info.minor})" in text
    assert "requirements-nodes.txt" in app.code[0].value and "port 8786" in text
    assert "Make a join file" in labels(app) and made == [] and not Authority(runs_folder).exists
    app = press(app, "add a computer")
    assert "Make a join file" not in labels(app) and "Add a computer" in labels(app)


def test_a_join_file_is_handed_out_with_the_line_to_run_and_revoked(runs_folder, data, made):
    app = press(open_app("system"), "add a computer")
    app = press(app, "make a join file")
    assert made == [(runs_folder, data)]
    [join] = Authority(runs_folder).joins()
    name = f"join-{join.id}.tdk"
    text = words(app)
    assert f'download="{name}"' in text and f"Save {name}" in text and f"`{name}` until" in text
    assert [each.value for each in app.code][-1] == f"python -m core node 192.168.1.5:8786 --join {name}"
    assert "Make a join file" not in labels(app)
    app = press(app, f"revoke {join.id}")
    assert Authority(runs_folder).joins() == [] and "Make a join file" in labels(app)
    assert name not in words(app), "what opens no door is not handed out any more"


def test_one_that_cannot_be_made_says_why(runs_folder, monkeypatch):
    def fail(*_):
        raise TrainDeskError("Nothing listens at port 8786 after 20 seconds; try again.")

    monkeypatch.setattr(joining, "make_join_file", fail)
    app = press(press(open_app("system"), "add a computer"), "make a join file")
    assert "Nothing listens at port 8786" in words(app) and "Make a join file" in labels(app)


def test_without_the_packages_it_says_what_to_install_and_the_page_is_whole(runs_folder, monkeypatch):
    write_node(runs_folder, node())
    monkeypatch.setattr(authority, "PACKAGES", ("distributed", "no_such_package"))
    app = press(open_app("system"), "add a computer")
    text = words(app)
    assert "not installed here (`no_such_package`)" in text and app.code[0].value == joining.INSTALL
    assert "Make a join file" not in labels(app)
    assert "lab-1" in text and "Room on the disk" in text and "No new runs here" in labels(app)


def test_a_guest_sees_names_and_runs_and_never_a_join_file(runs_folder, data, made, as_someone):
    trained = fake_run(runs_folder, "paused")
    write_node(runs_folder, node(runs=[trained.id]))
    as_someone(Guest("the teacher", is_host=True))
    app = press(press(open_app("system"), "add a computer"), "make a join file")
    [join] = Authority(runs_folder).joins()
    assert join.id in words(app)
    commands = {each.value for each in app.code if not each.value.startswith("http")}
    as_someone(Guest("a pupil", is_host=False))
    app.session_state[joining.OPEN] = True  # however it came there
    for seen in (open_app("system"), run(app)):
        text = words(seen)
        assert "lab-1" in text and f'href="run?run={trained.id}"' in text
        assert join.id not in text and "192.168" not in text and ".tdk" not in text
        assert commands and commands.isdisjoint(each.value for each in seen.code)
        assert {"Add a computer", "Close", "Revoke", "No new runs here", "Make a join file"}.isdisjoint(labels(seen))
        assert "Remove" not in str(seen._tree)
