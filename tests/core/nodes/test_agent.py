"""Computers join a desk and stay with it: real processes over real TLS. What is killed comes back: tests.faults.test_nodes."""

import contextlib
import json
import socketserver
import stat
import threading
import time
from pathlib import Path

import psutil
import pytest

from core.nodes import agent, link
from core.nodes.authority import Authority
from core.nodes.certificates import JOIN, key_pem, new_key, subject
from core.nodes.desk_process import joins, revoke_join
from core.nodes.hello import own_versions
from core.nodes.registry import remove_node
from core.nodes.wire import REFUSED, WHY
from tests.helpers import assert_one_sentence, wait_until

SOON = 60.0  # seconds


@pytest.fixture
def refused(a_room, tmp_path, capsys, monkeypatch):
    """Has an agent, in this process, try to join with a file, and checks that it ends and says why."""

    def end_of_input(loop, end):  # one that is not refused must not train for ever
        time.sleep(SOON)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(end.set)

    monkeypatch.setattr(agent, "_see_end_of_input", end_of_input)

    def try_to_join(join: Path | None, *parts: str, runs: Path | None = None, address: str | None = None) -> None:
        options = ["--runs", str(runs or tmp_path / "runs"), "--data", str(tmp_path / "data"), "--name", "lab-9"]
        options += ["--join", str(join)] if join else []
        capsys.readouterr()
        assert agent.main([a_room.address if address is None else address, *options]) == REFUSED
        said = capsys.readouterr().out.strip()
        assert said.startswith(WHY)
        assert_one_sentence(said.removeprefix(WHY), *parts)
        assert a_room.node("lab-9") is None

    return try_to_join


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def changed(join: Path, **said) -> Path:
    path = join.with_name("changed.tdk")
    path.write_text(json.dumps(json.loads(join.read_text()) | said))
    return path


def test_a_computer_that_joined_is_known_with_what_it_is(a_room):
    node = wait_until(lambda: a_room.node("lab-1"))
    assert node.cores == 1 and node.cpu_runs >= 1 and node.system
    assert node.memory == psutil.virtual_memory().total and 0 < node.memory_free < node.memory and node.disk_free > 0
    assert node.address and node.runs == [] and node.problem == "" and time.time() - node.joined < 3600
    assert a_room.computers[0].has_said("trains for the desk at", "as 'lab-1'")


def test_desk_and_computer_are_small_and_idle(a_room):
    """Before anything trains: torch is loaded in neither."""
    for process in (a_room.desk(), *a_room.computers[0].agents()):
        assert process.memory_info().rss < 150e6
    processes = [a_room.desk(), *a_room.computers[0].agents()]
    used = sum(sum(process.cpu_times()[:2]) for process in processes)
    time.sleep(2)
    assert sum(sum(process.cpu_times()[:2]) for process in processes) - used < 0.4, "a tenth of a core each"


def test_only_their_owner_reads_keys(a_room):
    authority = Authority(a_room.runs)
    assert mode(authority.folder) == "0o700"
    assert {mode(authority.folder / name) for name in ("ca.key", "desk.key")} == {"0o600"}
    kept = a_room.computers[0].runs / ".traindesk" / "node"
    assert (mode(kept), mode(kept / "identity.json")) == ("0o700", "0o600")


def test_another_desks_join_file_is_refused(a_room, tmp_path, refused):
    path = tmp_path / "foreign.tdk"
    path.write_bytes(Authority(tmp_path / "other").new_join([a_room.address])[1])
    refused(path, "is not the desk of this certificate", "make a new join file")


def test_a_certificate_of_another_authority_is_refused_by_the_desk(a_room, tmp_path, refused):
    foreign = json.loads(Authority(tmp_path / "other").new_join([])[1])
    path = changed(a_room.join_file(), certificate=foreign["certificate"], key=foreign["key"])
    refused(path, "does not accept this certificate")


def test_a_join_file_of_yesterday_is_refused(a_room, refused):
    authority, key = Authority(a_room.runs), new_key()
    certificate = authority._signed(key.public_key(), subject("join-00000000", JOIN), -60)
    path = changed(a_room.join_file(), certificate=certificate, key=key_pem(key))
    refused(path, "has expired", "new join file")


def test_a_join_file_that_was_withdrawn_is_refused(a_room, refused):
    join = a_room.join_file()
    revoke_join(a_room.runs, joins(a_room.runs)[0].id)
    refused(join, "This join file was withdrawn or has expired; ask for a new one.")


@pytest.mark.parametrize(
    ("what", "here"), [("python", "Python 2.7"), ("torch", "torch 0.1"), ("code", "version of TrainDesk 0123456789ab")]
)
def test_a_computer_with_other_versions_is_refused(a_room, refused, monkeypatch, what, here):
    other = own_versions() | {what: here.rpartition(" ")[2]}
    monkeypatch.setattr(link, "own_versions", lambda: other)
    refused(a_room.join_file(), f"This computer has {here} and the desk has {own_versions()[what]};")


def test_what_is_no_join_file_is_said(tmp_path, refused):
    path = tmp_path / "any.tdk"
    path.write_text("{}")
    refused(path, "is no join file of TrainDesk")
    refused(tmp_path / "none.tdk", "is not there")
    refused(None, "has not joined a desk yet; give the join file with --join FILE.")


def test_what_answers_and_is_no_desk_is_said(a_room, refused):
    class Other(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        refused(a_room.join_file(), "is no desk of TrainDesk", address=f"127.0.0.1:{server.server_address[1]}")
        server.shutdown()


def test_the_desks_own_folder_is_no_computer_of_its_room(a_room, refused):
    refused(a_room.join_file(), "is the runs folder of the desk itself", runs=a_room.runs)


@pytest.mark.parametrize("address", ["", ":", "192.168.1.5:none", "1:0"])
def test_an_address_that_is_none_is_said(a_room, refused, address):
    refused(a_room.join_file(), "is no address of a desk", address=address)


def test_a_name_that_is_taken_gets_a_number_and_one_that_was_removed_is_not_given_again(a_room, refused):
    """Of all that the others' windows show nothing."""
    shown = a_room.computers[0].says()
    computer = a_room.start("lab-2", a_room.join_file(), "--name", "Lab 1.school.example", "--runs-at-once", "3")
    assert wait_until(lambda: a_room.node("lab-1-2")).cpu_runs == 3
    computer.stop()
    assert not computer.agents()
    computer = a_room.start("lab-2", None, "--name", "whatever")
    wait_until(lambda: computer.has_said("as 'lab-1-2'"))
    remove_node(a_room.runs, "lab-1-2")
    assert_one_sentence(computer.ended(SOON), "This computer, 'lab-1-2', was removed at the desk")
    assert computer.process.returncode == 1 and not computer.agents()
    refused(None, "was removed at the desk", runs=computer.runs)
    computer = a_room.start(
        "lab-2", a_room.join_file(), "--name", "lab-1"
    )  # with a new join file it is let in, as another
    wait_until(lambda: a_room.node("lab-1-3"))
    computer.kill()
    wait_until(lambda: not a_room.in_touch("lab-1-3"))
    assert [line for line in shown.splitlines() if "distributed" in line] == [] and a_room.computers[0].says() == shown
    remove_node(a_room.runs, "lab-1-3")


def test_when_the_desk_starts_anew_its_computers_are_back_by_themselves(a_room):
    a_room.kill_desk()
    computer = a_room.computers[0]
    wait_until(lambda: computer.has_said("does not answer; waiting for it."), SOON)
    began = time.time()
    a_room.start_desk()
    wait_until(lambda: (node := a_room.node("lab-1")) and node.seen > began, SOON)
    assert computer.has_said(f"The desk at {a_room.address} is back.")
    assert computer.says().count("does not answer") == 1, "it is said once"


def test_one_folder_trains_for_one_desk_at_a_time(a_room, refused):
    refused(None, "Another process trains for a desk in", runs=a_room.computers[0].runs)
