"""Where the desk listens, and when: real processes."""

import json
import socket
import time

from core.nodes import desk_process
from core.nodes.desk import main
from core.nodes.desk_process import desk_is_alive, desk_place, ensure_desk, joins, make_join_file, revoke_join
from tests.helpers import wait_until


def test_nothing_listens_before_the_first_join_file_and_after_the_last(an_empty_room):
    room = an_empty_room
    ensure_desk(room.runs, room.data)
    assert not desk_is_alive(room.runs)
    assert main(["--runs", str(room.runs), "--data", str(room.data)]) == 1
    join = make_join_file(room.runs, room.data)
    assert join.line == f"python -m core node {room.address} --join {join.file_name}"
    said = json.loads(join.data)
    assert room.address in said["addresses"] and 23.9 * 3600 < said["expires"] - time.time() <= 24 * 3600
    process, (open_file,) = room.desk(), joins(room.runs)
    assert open_file.id in join.file_name and desk_place(room.runs).pid == process.pid
    revoke_join(room.runs, open_file.id)
    wait_until(lambda: not desk_is_alive(room.runs), 60, "the end of a desk that nobody needs")
    ensure_desk(room.runs, room.data)
    assert not desk_is_alive(room.runs) and joins(room.runs) == []


def test_a_port_that_another_program_takes_meanwhile_is_no_matter(an_empty_room, monkeypatch):
    room, start, taken = an_empty_room, desk_process._start, []

    def start_too_late(runs, data, port):
        if not taken:
            taken.append(socket.create_server(("0.0.0.0", port)))
        return start(runs, data, port)

    monkeypatch.setattr(desk_process, "_start", start_too_late)
    join = make_join_file(room.runs, room.data)
    with taken[0] as other:
        assert join.line.split(" ")[4] == room.address and desk_place(room.runs).port != other.getsockname()[1]
    (open_file,) = joins(room.runs)
    assert open_file.id in join.file_name
    revoke_join(room.runs, open_file.id)
    wait_until(lambda: not desk_is_alive(room.runs), 60, "the end of a desk that nobody needs")
