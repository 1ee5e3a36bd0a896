"""What a computer says is taken down in bounds, whatever it says."""

import time

import pytest

from core.nodes import mirrored
from core.nodes.registry import nodes
from core.runs.store import create_run
from tests.core.nodes.joined import place
from tests.core.nodes.mirrors import deliver, look
from tests.helpers import assert_one_sentence, quick_config

pytestmark = pytest.mark.usefixtures("desk_lives", "nothing_needed")


def test_what_a_computer_says_of_itself_is_taken_down_in_bounds(mirror, runs_folder):
    facts = {
        "name": "lab-9",
        "cores": 4,
        "seen": 5.0,
        "system": "x" * 9999,
        "gpus": ["g" * 9999] * 99,
        "runs": ["r"] * 2000,
    }
    assert mirror.answer("lab-1", "heard", {"facts": facts}) == {}
    [node] = nodes(runs_folder)
    assert node.name == "lab-1" and node.cores == 4 and node.is_in_touch and len(node.system) == 300
    assert len(node.gpus) == 64 and len(node.runs) == 1000 and time.time() - node.joined < 60
    joined = node.joined
    mirror.answer("lab-1", "heard", {"facts": {"cores": 2, "runs": [b"\xff"]}})
    assert "error" in mirror.answer("lab-1", "heard", {"facts": {"cores": b"2"}})
    [node] = nodes(runs_folder)
    assert node.joined == joined and len(list(runs_folder.glob(".traindesk/nodes/*.json"))) == 1


HOSTILE = [
    ("deliver", {"run": "../../etc", "generation": 1, "offset": 0, "data": b"x"}),
    ("deliver", {"run": "..", "generation": 1, "offset": 0, "data": b"x"}),
    ("deliver", {"run": ".traindesk", "generation": 1, "offset": 0, "data": b"x"}),
    ("deliver", {"run": "OTHER", "generation": 1, "offset": 0, "data": b"x"}),
    ("deliver", {"run": "RUN", "generation": -1, "offset": 0, "data": b"x"}),
    ("deliver", {"run": "RUN", "generation": True, "offset": 0, "data": b"x"}),
    ("deliver", {"run": "RUN", "generation": 1, "offset": -5, "data": b"x"}),
    ("deliver", {"run": "RUN", "generation": 1, "offset": 0, "data": "x"}),
    ("deliver", {"run": ["RUN"], "generation": 1, "offset": 0, "data": b"x"}),
    ("deliver", {"run": "RUN", "generation": 1, "offset": 0}),
    ("deliver", {"run": "RUN", "generation": 1, "offset": 0, "data": b"x", "more": 1}),
    ("offer", {"run": "RUN", "generation": 1, "files": {"stop": [0, "0" * 64]}, "over": None}),
    ("offer", {"run": "RUN", "generation": 1, "files": {3: 3}, "over": None}),
    ("offer", {"run": "RUN", "generation": 1, "files": {}, "over": [1]}),
    ("put", {"run": "RUN", "generation": 1, "name": "x", "digest": "0" * 64, "size": 1, "offset": 0, "data": b"x"}),
    (
        "put",
        {
            "run": "RUN",
            "generation": 1,
            "name": "events.jsonl",
            "digest": "0" * 64,
            "size": 1,
            "offset": 0,
            "data": b"x",
        },
    ),
    ("fetch", {"digest": "../config.json", "offset": 0, "length": 10}),
    ("orders", {"known": []}),
    ("orders", {"known": {"runs": {"../..": {"generation": 1}, 3: 3, "x": None}}}),
    ("orders", {"known": {"runs": {"a\x00b": {"generation": 1}, "x" * 5000: {"generation": 1}}}}),
    ("stop", {}),
    ("__init__", {}),
    ("answer", {"node": "x"}),
]


@pytest.mark.parametrize(
    "method, values", HOSTILE, ids=[f"{index} {method}" for index, (method, _) in enumerate(HOSTILE)]
)
def test_nothing_of_what_a_hostile_computer_says_is_done(mirror, run, runs_folder, method, values):
    other = create_run(quick_config(), runs_folder, sync=False)
    place(other, "lab-2")
    generation = place(run, "lab-1").generation
    look(mirror)
    before = {path: path.read_bytes() for path in runs_folder.rglob("*") if path.is_file()}
    values = {
        name: {"RUN": run.id, "OTHER": other.id}.get(value, value) if isinstance(value, str) else value
        for name, value in values.items()
    }
    if values.get("generation") == 1 and values["generation"] is not True:
        values["generation"] = generation
    said = mirror.answer("lab-1", method, values)
    assert "size" not in said and "offset" not in said and "data" not in said
    assert {path: path.read_bytes() for path in runs_folder.rglob("*") if path.is_file()} == before


def test_a_log_has_an_end_beyond_which_nothing_is_taken(mirror, run, monkeypatch):
    place(run, "lab-1")
    look(mirror)
    monkeypatch.setattr(mirrored, "most_bytes_from", lambda name: 100)
    assert_one_sentence(deliver(mirror, run, b"x" * 101)["error"], run.id, "too long")
    assert not run.event_log.exists()
