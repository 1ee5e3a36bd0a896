"""A run's log and files on their way to the desk over a link with every fault: no processes, no threads of a worker."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.nodes.mirror import Mirror
from core.nodes.tended import Over
from core.nodes.tended_note import Tended, keep_note, tended_in
from core.runs.placement import placement_of
from tests.core.nodes.joined import FAULTS, place
from tests.core.nodes.pair import Pair

pytestmark = pytest.mark.usefixtures("desk_lives")

NUMBERS = itertools.count()
ONE_FOLDER = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def pair(runs_folder, tmp_path, monkeypatch):
    return Pair(runs_folder, tmp_path / f"there{next(NUMBERS)}", monkeypatch)


@ONE_FOLDER
@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.sampled_from(FAULTS), max_size=4)), max_size=8), st.data())
def test_whatever_is_lost_doubled_cut_or_late_the_logs_end_equal(runs_folder, tmp_path_factory, rounds, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.nodes.tended.LOG_CHUNK", 100)
        pair = Pair(runs_folder, tmp_path_factory.mktemp("there"), patch)
        for number, (lines, faults) in enumerate(rounds):
            for line in range(lines):
                pair.log.write("step", step=number, line=line)
            pair.link.faults = list(faults)
            if data.draw(st.booleans()):
                pair.tend()
            if data.draw(st.booleans()):  # the desk begins anew
                pair.mirror = pair.link.mirror = Mirror(runs_folder, runs_folder)
                pair.look()
            pair.send()
        pair.log.write("finished", message="Trained.")
        pair.send_all()
        assert pair.here() == pair.there.event_log.read_bytes()
        assert pair.run.status().name == "finished"


@ONE_FOLDER
@given(
    st.lists(
        st.tuples(
            st.dictionaries(
                st.sampled_from(["last.pt", "best.pt", "kept/000001.pt", "looks/000001.npz"]), st.binary(max_size=40)
            ),
            st.lists(st.sampled_from(FAULTS), max_size=8),
        ),
        max_size=5,
    )
)
def test_whatever_happens_on_the_way_each_file_is_here_whole_or_as_it_was(runs_folder, tmp_path_factory, rounds):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.nodes.outgoing.CHUNK", 7)
        pair = Pair(runs_folder, tmp_path_factory.mktemp("there"), patch)
        pair.log.write("started")
        written: dict[str, set[bytes]] = {}
        for files, faults in rounds:
            for name, content in files.items():
                pair.write(name, content)
                written.setdefault(name, set()).add(content)
            pair.link.faults = list(faults)
            pair.send()
            for name, versions in written.items():
                path = pair.run.folder / name
                assert not path.exists() or path.read_bytes() in versions
        pair.log.write("paused", message="Paused.")
        pair.send_all()
        for name in written:
            assert (pair.run.folder / name).read_bytes() == (pair.there.folder / name).read_bytes()
        assert not (pair.run.folder / ".arriving").exists() and not (pair.run.folder / ".mirror").exists()


def test_half_a_line_waits_for_its_end(pair):
    pair.log.write("started")
    with pair.there.event_log.open("ab") as file:
        file.write(b'{"event":"st')
    pair.send()
    assert pair.here().endswith(b"}\n") and b'"st' in pair.there.event_log.read_bytes()
    assert b'"st' not in pair.here().replace(b'"started"', b"")
    with pair.there.event_log.open("ab") as file:
        file.write(b'ep"}\n')
    pair.send()
    assert pair.here() == pair.there.event_log.read_bytes()


def test_a_run_says_that_it_is_finished_when_all_its_files_are_here(pair):
    pair.log.write("started")
    pair.write("best.pt", b"network" * 100)
    pair.log.write("finished", message="Trained.")
    pair.link.faults = ["", "", "", "lost"]  # the put
    pair.send(is_over=True)
    pair.look()
    assert b"finished" not in pair.here() and pair.run.status().name == "running"
    seen = []
    put = pair.link.mirror.deliver
    pair.mirror.deliver = lambda *args, **values: (seen.append(pair.run.best.is_file()), put(*args, **values))[1]
    pair.send_all()
    assert pair.run.status().name == "finished" and seen[-1] and pair.run.best.read_bytes() == b"network" * 100


@pytest.mark.parametrize("end", ["paused", "stopped", "failed"])
def test_other_ends_are_told_at_once_and_the_files_follow(pair, end):
    pair.log.write("started")
    pair.write("last.pt", b"network")
    pair.log.write(end, message="So it ended.")
    pair.link.faults = ["", "", "lost"]
    pair.send(is_over=True)
    assert pair.run.status().name == end and not pair.run.last.exists()
    assert placement_of(pair.run.folder).is_elsewhere
    pair.send_all()
    assert pair.run.last.read_bytes() == b"network" and placement_of(pair.run.folder).settled


def test_a_worker_that_died_without_a_word_is_interrupted_here_and_its_files_come(pair):
    pair.log.write("started")
    pair.write("last.pt", b"network")
    pair.send()
    assert pair.run.status().name == "running"
    pair.write("last.pt", b"a later network")
    pair.link.faults = ["", "lost"]
    pair.send(is_over=True)
    pair.look()
    assert pair.run.status().name == "interrupted" and pair.run.last.read_bytes() == b"network"
    pair.send_all()
    assert pair.run.status().name == "interrupted" and pair.run.last.read_bytes() == b"a later network"


def test_the_checkpoint_to_go_on_from_is_never_newer_than_the_best_one_and_the_log(pair, monkeypatch):
    pair.log.write("started")
    pair.write("best.pt", b"best 1")
    pair.write("last.pt", b"last 1")
    order = []
    put = pair.mirror.put

    def noted(node, run, generation, name, *values, **more):
        order.append(name)
        assert pair.here().count(b"\n") == pair.there.event_log.read_bytes().count(b"\n")
        return put(node, run, generation, name, *values, **more)

    pair.mirror.put = noted
    pair.send()
    pair.write("best.pt", b"best 2, and much longer than the last one is")
    pair.write("last.pt", b"last 2")
    pair.log.write("epoch", epoch=2)
    pair.send()
    assert order == ["best.pt", "last.pt"] * 2


def test_a_file_that_is_replaced_while_it_is_sent_arrives_as_it_was_looked_at(pair, monkeypatch):
    pair.log.write("started")
    pair.write("best.pt", b"first network")
    offer = pair.mirror.offer
    pair.mirror.offer = lambda *args, **values: (pair.write("best.pt", b"second network"), offer(*args, **values))[1]
    pair.send()
    assert pair.run.best.read_bytes() == b"first network"
    del pair.mirror.offer
    pair.send()
    assert pair.run.best.read_bytes() == b"second network"


def test_files_wait_for_the_lines_that_tell_of_them(pair):
    pair.log.write("started")
    pair.write("last.pt", b"network")
    seen = []
    put = pair.mirror.put
    pair.mirror.put = lambda *args, **values: (seen.append(pair.here()), put(*args, **values))[1]
    pair.tended._wait_for_lines = pair.tended._deliver
    pair.tended._send_files()
    assert seen == [pair.there.event_log.read_bytes()]


def test_a_file_that_arrives_damaged_is_never_seen_and_comes_again(pair):
    pair.log.write("started")
    pair.write("last.pt", b"network")
    put = pair.mirror.put
    pair.mirror.put = lambda *args, data, **values: put(*args, data=b"netw0rk", **values)
    pair.send()
    assert not pair.run.last.exists()
    del pair.mirror.put
    pair.send()
    assert pair.run.last.read_bytes() == b"network"


def test_a_log_that_was_damaged_at_the_desk_is_put_right_when_the_run_is_over(pair):
    pair.log.write("started")
    pair.send()
    content = bytearray(pair.run.event_log.read_bytes())
    content[3] ^= 1
    pair.run.event_log.write_bytes(content)
    pair.log.write("stopped", message="Stopped.")
    pair.try_to_settle()
    assert pair.tended.is_settled and pair.here() == pair.there.event_log.read_bytes()


def test_a_computer_cannot_change_what_the_log_said_before_it_had_the_run(pair):
    pair.log.write("started")
    pair.log.write("paused", message="Paused.")
    pair.send_all()
    pair.generation = place(pair.run, "lab-1").generation
    pair.look()
    pair.look()
    before = pair.here()
    pair.there.event_log.write_bytes(before.replace(b"Paused", b"Forged") + b'{"event":"stopped"}\n')
    keep_note(pair.there.folder, Tended(pair.generation, launched=True))
    pair.tend()
    pair.try_to_settle()
    assert pair.here().startswith(before) and not pair.tended.is_settled


def test_snapshots_that_are_not_kept_there_are_not_kept_here(pair):
    pair.log.write("started")
    pair.write("last.pt", b"1")
    for epoch in (1, 2):
        pair.write(f"looks/{epoch:06d}.npz", b"look")
    pair.send()
    assert len(list((pair.run.folder / "looks").iterdir())) == 2
    (pair.there.folder / "looks" / "000001.npz").unlink()
    pair.send()
    assert [path.name for path in (pair.run.folder / "looks").iterdir()] == ["000002.npz"]


def test_what_is_here_by_its_content_is_not_sent_again(pair):
    pair.log.write("started")
    pair.write("last.pt", b"network")
    pair.send()
    pair.tend()
    pair.link.calls.clear()
    pair.send()
    assert [(method, values.get("data")) for method, values in pair.link.calls] == [("deliver", b""), ("offer", None)]


def test_a_removed_folder_there_ends_the_run_with_what_is_here(pair):
    pair.log.write("started")
    pair.write("last.pt", b"network")
    pair.send()
    here = pair.here()
    import shutil

    shutil.rmtree(pair.there.folder)
    pair.there.event_log.parent.mkdir()
    pair.there.event_log.touch()
    pair.tended._is_over = True
    with pytest.raises(Over):
        pair.tended._send_files()
    assert pair.here() == here and pair.run.last.read_bytes() == b"network"
    assert placement_of(pair.run.folder).settled and tended_in(pair.there.folder).settled
