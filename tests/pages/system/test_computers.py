"""Other computers on the page of the computer, by the files that the desk writes of them."""

import subprocess
import sys
import time

import pytest
import streamlit as st

from core.nodes.authority import Authority
from core.nodes.registry import Node, nodes, takes_no_runs, write_node
from core.runs.placement import Placement, write_placement
from pages.components.system.computers_view import ALONE, in_one_sentence, node_facts, training_words
from tests.pages.apps import ROOT, open_app, press, words
from tests.pages.fake_runs import fake_run

GB = 10**9


def node(name="lab-1", **changes):
    """A computer that was heard of just now, and stays so for the length of a test."""
    values = {
        "joined": time.time() - 3600,
        "seen": time.time(),
        "system": "Windows 11",
        "cores": 8,
        "memory": 16 * GB,
        "memory_free": 11 * GB,
        "disk_free": 230 * GB,
        "cpu_runs": 2,
        "speed": 1.34,
    }
    return Node(name, **{**values, **changes})


@pytest.fixture(autouse=True)
def in_touch_for_long(monkeypatch):
    monkeypatch.setattr("core.nodes.registry.LOST_SECONDS", 300.0)


def labels(app):
    return [button.label for button in app.button]


def test_where_nobody_joined_there_is_one_sentence_and_one_button(runs_folder):
    before = sorted(runs_folder.rglob("*nodes*"))
    app = open_app("system")
    assert ALONE in words(app) and "Add a computer" in labels(app)
    assert {"Make a join file", "No new runs here", "Revoke", "Close"}.isdisjoint(labels(app))
    assert sorted(runs_folder.rglob("*nodes*")) == before, "looking makes nothing"


def test_a_computer_says_what_it_has_and_what_runs_there(runs_folder):
    trained = fake_run(runs_folder, "paused")
    write_placement(trained.folder, Placement("lab-1", 1, time.time()))
    write_node(runs_folder, node(gpus=["NVIDIA RTX 4090", "NVIDIA RTX 4090"], runs=[trained.id]))
    text = words(open_app("system"))
    for said in (
        "1 other computer, in touch; 1 run trains there.",
        "lab-1",
        "<dd>8</dd>",
        "<dd>11.0 GB<small>of 16.0 GB</small></dd>",
        "<dd>2<small>NVIDIA RTX 4090</small></dd>",
        "<dd>230.0 GB</dd>",
        "<dd>4<small>one on each of 2 GPUs</small></dd>",
        "<dd>1.3 ×<small>this computer's</small></dd>",
        "Windows 11",
        f'href="run?run={trained.id}"',
        "(since today",
    ):
        assert said in text, said


def test_one_that_is_away_says_since_when_and_nothing_that_may_have_changed(runs_folder):
    trained = fake_run(runs_folder, "interrupted")
    away = node(seen=time.time() - 1200, runs=[trained.id])
    write_node(runs_folder, away)
    write_node(runs_folder, node("lab-2"))
    text = words(open_app("system"))
    assert "2 other computers, 1 of them in touch; no run trains there now." in text
    assert "not heard of since" in text and "Was training" in text
    told = {label: value for label, value, _ in node_facts(away)}
    assert told["Memory free"] == told["Disk free"] == "–" and told["Cores"] == "8"


def test_what_is_not_known_is_not_made_up():
    told = {label: value for label, value, _ in node_facts(Node("lab-1", seen=time.time()))}
    assert told["Cores"] == told["Speed"] == "–" and told["GPUs"] == "none"


def test_a_full_disk_is_a_sentence(runs_folder):
    sentence = "The disk of lab-1 has 0.2 GB left, so it pauses its runs; free space there."
    write_node(runs_folder, node(problem=sentence))
    assert sentence in words(open_app("system"))


def test_what_a_computer_says_of_itself_is_text(runs_folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    foreign = fake_run(elsewhere, "finished")
    write_node(
        runs_folder,
        node(
            system="<b>x</b>",
            gpus=["<img src=x onerror=alert(1)>"],
            problem="**bold** <script>",
            runs=[f"../elsewhere/{foreign.id}", "..", "no-such-run", ""],
        ),
    )
    app = open_app("system")
    markup = "\n".join(element.proto.body for element in app.get("html"))
    assert "&lt;b&gt;x" in markup and "<img src=x" not in markup and "Trains" not in markup
    assert "no run trains there now" in words(app)
    assert any(r"\*\*bold\*\* \<script\>" in caption.value for caption in app.caption)


def test_lab_2_comes_before_lab_10(runs_folder):
    for name in ("lab-10", "lab-2", "lab-1"):
        write_node(runs_folder, node(name))
    text = words(open_app("system"))
    assert text.index("**lab-1**") < text.index("**lab-2**") < text.index("**lab-10**")


def test_of_very_many_only_some_are_drawn(runs_folder):
    for number in range(45):
        write_node(runs_folder, node(f"node-{number}"))
    app = open_app("system")
    assert labels(app).count("No new runs here") == 20
    assert "45 other computers, in touch; no run trains there now." in words(app)


def test_no_new_runs_and_again(runs_folder):
    write_node(runs_folder, node())
    app = press(open_app("system"), "new runs lab-1")
    assert takes_no_runs(runs_folder, "lab-1") and "takes no new runs" in badges(app)
    assert "New runs here again" in labels(app) and "No new runs here" not in labels(app)
    app = press(app, "new runs lab-1")
    assert not takes_no_runs(runs_folder, "lab-1") and "takes no new runs" not in badges(app)


def badges(app):
    return "\n".join(element.value for element in app.markdown)


def test_removing_asks_first_and_says_what_becomes_of_its_runs(runs_folder):
    trained = fake_run(runs_folder, "interrupted")
    write_node(runs_folder, node(runs=[trained.id]))
    app = open_app("system")
    assert training_words(1) in words(app) and "1 run trains there" in training_words(1)
    assert [each.name for each in nodes(runs_folder)] == ["lab-1"], "nothing happens before the second click"
    app = press(app, "gone lab-1")
    assert nodes(runs_folder) == [] and ALONE in words(app)


def test_a_folder_that_cannot_be_written_is_one_sentence(runs_folder, monkeypatch):
    write_node(runs_folder, node())
    app = open_app("system")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pages.components.system.computers_view.set_takes_no_runs", full)
    app = press(app, "new runs lab-1")
    assert "could not be noted (No space left on device)" in words(app)
    assert not takes_no_runs(runs_folder, "lab-1")


def test_the_page_imports_nothing_that_talks_to_other_computers(runs_folder):
    write_node(runs_folder, node())
    program = (
        "import sys; from tests.pages.apps import open_app, press; press(open_app('system'), 'add a computer'); "
        "print([name for name in ('distributed', 'dask', 'cryptography', 'torch') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip().splitlines()[-1] == "[]"


def desks(commands):
    return [command for command in commands if command[0] == "core.nodes.desk"]


def test_looking_at_pages_makes_nothing_listen(runs_folder, supervisors):
    write_node(runs_folder, node())  # but nobody was ever let in
    for page in ("system", ""):
        open_app(page)
    press(open_app("system"), "add a computer")
    assert not desks(supervisors) and not Authority(runs_folder).exists


def test_whoever_opens_a_page_has_the_computers_that_joined_find_this_one_again(runs_folder, data, supervisors):
    Authority(runs_folder).make()
    open_app("runs")
    assert not desks(supervisors), "no join file is open and nobody has joined"
    write_node(runs_folder, node())
    st.cache_data.clear()  # as if some time had passed
    open_app("runs")
    open_app("")
    [command] = desks(supervisors)
    assert command[1:5] == ["--runs", str(runs_folder), "--data", str(data)]


def test_the_sentence_counts():
    now = time.time()
    assert in_one_sentence([]) == ALONE
    assert in_one_sentence([node()]) == "1 other computer, in touch; no run trains there now."
    assert "2 other computers, 1 of them in touch" in in_one_sentence([node(), node("b", seen=now - 900)])
