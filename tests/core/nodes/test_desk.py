"""What a desk says to whom: nothing to strangers, little to a join file, and it runs nothing that it is sent."""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
import time
from dataclasses import replace

import pytest

from core.errors import TrainDeskError
from core.nodes import wire
from core.nodes.authority import Authority
from core.nodes.certificates import NODE, key_pem, new_key, new_request, subject
from core.nodes.desk import main
from core.nodes.hello import own_versions
from core.nodes.identity import ASK_FOR_NEW, enroll, own_identity, read_join
from core.nodes.link import DeskLink
from core.nodes.registry import remove_node
from tests.helpers import assert_one_sentence, wait_until

SILENCE = 1.0  # seconds without an answer


@pytest.fixture(autouse=True, scope="module")
def _prepared():
    wire.prepare()


@pytest.fixture
def lab(a_room):
    """The identity of the computer of the room."""
    return own_identity(a_room.computers[0].runs)


def converse(address, identity, *messages):
    """What the desk answers to each; None once it has hung up."""

    async def talk():
        from distributed.comm import connect

        comm, answers = await connect(f"tls://{address}", **identity.security.get_connection_args("client")), []
        for message in messages:
            try:
                await comm.write(message)
                answers.append(await asyncio.wait_for(comm.read(), 20))
            except (OSError, TimeoutError):
                answers.append(None)
        comm.abort()
        return answers

    return asyncio.run(talk())


def asked(method, **values):
    return {"op": "traindesk", "method": method, "values": values}


def test_a_stranger_hears_nothing(a_room):
    host, port = wire.split_address(a_room.address)
    with socket.create_connection((host, port), 5) as plain:
        plain.settimeout(SILENCE)
        plain.sendall(struct.pack("Q", 8) * 2)
        with contextlib.suppress(TimeoutError, ConnectionError):
            assert plain.recv(100)[:1] in (b"", b"\x15"), "at most TLS's own word for: no"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((host, port), 5) as plain:
        stream = context.wrap_socket(plain)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            assert not stream.recv(1)
            raise ConnectionError
    assert a_room.in_touch("lab-1")


def test_a_stranger_who_says_nothing_is_hung_up_on(a_room):
    """Else a few of them would take all the connections that a process may have."""
    with socket.create_connection(wire.split_address(a_room.address), 5) as plain:
        plain.settimeout(30)
        assert plain.recv(1) == b""


def test_nothing_older_than_tls_1_3_is_spoken(a_room, lab):
    for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = lab.security.get_connection_args("client")["ssl_context"]
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, newest
        try:
            with socket.create_connection(wire.split_address(a_room.address), 5) as plain:
                version = context.wrap_socket(plain).version()
        except OSError:
            version = None
        assert version == ("TLSv1.3" if newest == ssl.TLSVersion.TLSv1_3 else None)


def test_a_join_file_says_hello_asks_for_a_certificate_and_no_more(a_room):
    join = read_join(a_room.join_file())
    messages = [asked("hello", **own_versions())]
    messages += [
        asked("heard", facts={"name": "lab-1"}),
        asked("orders", known={}),
        asked("fetch", digest="", offset=0, length=1),
    ]
    hello, *refused = converse(a_room.address, join, *messages)
    assert hello["answer"]["name"].startswith("join-")
    assert [set(said) for said in refused] == [{"refused"}] * 3
    assert converse(a_room.address, join, {"op": "register-worker", "address": "tls://lab-1.node:1"}) == [None]
    assert a_room.in_touch("lab-1")


@pytest.mark.parametrize("part", ["ca", "certificate", "key"])
@pytest.mark.parametrize("text", ["garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_damaged_certificate_is_one_sentence(a_room, part, text):
    join = replace(read_join(a_room.join_file()), **{part: text})
    with pytest.raises(TrainDeskError) as raised:
        _ = join.security
    assert_one_sentence(str(raised.value), "damaged", "join again")


def test_a_certificate_alone_makes_no_computer(a_room):
    """One that the authority signed, but that was never let in, or says that it is something else."""
    authority, key = Authority(a_room.runs), new_key()
    join = read_join(a_room.join_file())
    for name, unit in (("lab-7", NODE), ("../desk", NODE), ("join-zz", "join"), ("lab-1", "desk2")):
        own = authority._signed(key.public_key(), subject(name, unit), 600)
        forged = type(join)(name, join.ca, own, key_pem(key))
        (said,) = converse(a_room.address, forged, asked("hello", **own_versions()))
        assert set(said) == {"refused"}, name


def test_only_what_is_needed_of_distributed_is_there(a_room, lab):
    """Each of these would be answered by distributed's own scheduler."""
    for op in ("identity", "versions", "ncores", "who_has", "get_logs", "dump_state", "terminate"):
        assert converse(a_room.address, lab, {"op": op}, asked("hello", **own_versions()))[0] is None, op
    assert converse(a_room.address, lab, {"op": "echo", "data": "x"}) == [None]
    assert converse(a_room.address, lab, asked("hello", **own_versions()))[0] == {"answer": {"name": "lab-1"}}


class Bomb:
    """Writes a file where it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("how", ["ToPickle", "Serialize"])
def test_nothing_that_comes_is_unpickled(a_room, lab, tmp_path, how):
    from distributed import protocol

    mark = tmp_path / "was-here"
    message = asked("hello", **own_versions()) | {"more": getattr(protocol, how)(Bomb(mark))}
    assert converse(a_room.address, lab, message)[0] is None
    assert converse(a_room.address, lab, asked("hello", **own_versions()))[0]["answer"] == {"name": "lab-1"}
    assert not mark.exists()


def test_a_message_that_claims_to_be_huge_takes_no_memory(a_room, lab):
    context = lab.security.get_connection_args("client")["ssl_context"]
    before = a_room.desk().memory_info().rss
    with socket.create_connection(wire.split_address(a_room.address), 5) as plain, context.wrap_socket(plain) as stream:
        stream.sendall(struct.pack("Q", 2**33))
        stream.settimeout(10)
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while stream.recv(2**16):  # what it says first; it must hang up before the time is over
                pass
    assert a_room.desk().memory_info().rss - before < 50 * 2**20


def test_a_computer_cannot_stand_for_the_desk(lab):
    """Its certificate is good for calling, not for being called."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_files(lab))
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            with server.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as stream:
                stream.recv(1)

        threading.Thread(target=lambda: pytest.raises(OSError, answer), daemon=True).start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(wire.Refused, match="is not the desk of this certificate"):
            asyncio.run(wire.knock(address, lab.security.get_connection_args("client")["ssl_context"], ASK_FOR_NEW))


def _files(identity):
    import tempfile

    for text in (identity.certificate, identity.key):
        with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
            file.write(text)
        yield file.name


def test_who_speaks_is_said_by_the_certificate(a_room, lab):
    facts = {"name": "lab-5", "address": "8.8.8.8", "cores": 64, "seen": 1.0}
    converse(a_room.address, lab, asked("hello", **own_versions()), asked("heard", facts=facts))
    node = a_room.node("lab-1")
    assert a_room.node("lab-5") is None and node.address != "8.8.8.8" and node.is_in_touch


def test_a_computer_that_joined_is_a_member(a_room, lab):
    """Of the scheduler: a beat of its heart is not that of an unknown one."""
    beat = {"op": "heartbeat_worker", "now": 0, "metrics": {}}
    wait_until(lambda: (converse(a_room.address, lab, beat)[0] or {}).get("status") != "missing", 30)


def test_a_certificate_that_ends_is_renewed_under_its_name(a_room, lab):
    key, request = new_request()
    said = converse(
        a_room.address, lab, asked("hello", **own_versions()), asked("enroll", request=request, name="another")
    )[1]["answer"]
    assert said["name"] == "lab-1"
    renewed = type(lab)("lab-1", lab.ca, said["certificate"], key)
    assert converse(a_room.address, renewed, asked("hello", **own_versions())) == [{"answer": {"name": "lab-1"}}]


@pytest.mark.parametrize("request_", ["", "no request", None])
def test_a_request_that_is_none_is_answered_with_a_sentence(a_room, request_):
    join = read_join(a_room.join_file())
    said = converse(
        a_room.address, join, asked("hello", **own_versions()), asked("enroll", request=request_, name="x")
    )[1]
    assert said["answer"]["error"].startswith("The request for a certificate cannot be read")


def test_a_second_desk_of_a_folder_ends_at_once(a_room):
    assert main(["--runs", str(a_room.runs), "--data", str(a_room.data)]) == 0
    assert a_room.in_touch("lab-1")


def test_many_threads_call_at_once(a_room, lab):
    """And pieces of 8 MB go through."""

    async def talk():
        async with DeskLink([a_room.address], lab.security, ASK_FOR_NEW) as link:
            await link.wait()
            data = bytes(8 * 2**20)
            values = {"run": "no-run", "generation": 1, "offset": 0, "data": data}
            return await asyncio.gather(*(asyncio.to_thread(link.call, "deliver", **values) for _ in range(10)))

    assert asyncio.run(talk()) == [{"stale": True}] * 10


def test_nobody_waits_for_orders_when_the_way_is_closed(a_room, lab):
    async def talk():
        async with DeskLink([a_room.address], lab.security, ASK_FOR_NEW) as link:
            await link.wait()
            known = (await link.ask("orders", {"known": {}, "wait": 0}))["version"]
            say, on_its_way = link._say, asyncio.Event()
            link._say = lambda *message: on_its_way.set() or say(*message)
            waiting = asyncio.create_task(
                asyncio.to_thread(link.call, "orders", known={"version": known, "runs": {}}, wait=20)
            )
            await on_its_way.wait()
            assert not waiting.done()
            began = time.monotonic()
            link.is_over.set()
            with pytest.raises(ConnectionError):
                await waiting
            return time.monotonic() - began

    assert asyncio.run(talk()) < 5


def test_a_computer_that_was_removed_is_a_member_no_more(a_room):
    """Also where its process pays no attention."""
    identity = asyncio.run(enroll(read_join(a_room.join_file()), [a_room.address], "lab-4"))
    beat = {"op": "heartbeat_worker", "address": "tls://lab-4.node:1", "now": 0, "metrics": {}}
    hello, answer = converse(a_room.address, identity, asked("hello", **own_versions()), beat)
    assert hello == {"answer": {"name": "lab-4"}} and answer is not None
    remove_node(a_room.runs, "lab-4")
    assert converse(a_room.address, identity, beat) == [None]
    assert set(converse(a_room.address, identity, asked("hello", **own_versions()))[0]) == {"refused"}
