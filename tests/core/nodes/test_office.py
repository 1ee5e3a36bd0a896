"""What a certificate lets its owner do at the desk, whatever they say: one that joins, one that has joined, and none."""

import asyncio

import pytest

from core.nodes.authority import Authority
from core.nodes.certificates import DESK, JOIN, NODE, new_request
from core.nodes.hello import own_versions
from core.nodes.office import Office
from core.nodes.registry import remove_node
from tests.helpers import assert_one_sentence

OF_THE_MIRROR = ("heard", "orders", "deliver", "offer", "put", "fetch")


class Mirror:
    """Notes whose messages reach it."""

    def __init__(self):
        self.reached = []

    def listen(self, changed):
        """Nothing changes."""

    def answer(self, node, method, values):
        self.reached.append((node, method))
        return {"here": True}


@pytest.fixture
def desk(tmp_path):
    """(what answers one message, the authority, what reached the mirror)."""
    authority, mirror = Authority(tmp_path), Mirror()
    authority.make()

    def says(unit, name, method, /, **values):
        async def one():
            office = Office(tmp_path, tmp_path, authority, mirror)
            await office.answer(unit, name, "tls://192.168.1.9:5", "hello", own_versions())
            answer = await office.answer(unit, name, "tls://192.168.1.9:5", method, values)
            office.close()
            return answer

        return asyncio.run(one())

    return says, authority, mirror.reached


def enrolled(authority, name):
    return authority.enroll(new_request()[1], name)[0]


@pytest.mark.parametrize("method", OF_THE_MIRROR)
def test_a_join_file_lets_enroll_and_no_more(desk, method):
    says, authority, reached = desk
    join = authority.new_join([])[0]
    assert says(JOIN, f"join-{join.id}", method) == {
        "refused": "A join file opens the door and no more; join with it first."
    }
    assert reached == []
    answer = says(JOIN, f"join-{join.id}", "enroll", request=new_request()[1], name="lab-1")["answer"]
    assert answer["name"] == "lab-1" and authority.is_enrolled("lab-1")


@pytest.mark.parametrize("method", ["hello", "enroll", *OF_THE_MIRROR])
def test_a_computer_that_was_removed_says_nothing_any_more(desk, method):
    says, authority, reached = desk
    name = enrolled(authority, "lab-1")
    assert says(NODE, name, "orders") == {"answer": {"here": True}}
    remove_node(authority.runs_folder, name)
    reached.clear()
    assert_one_sentence(says(NODE, name, method)["refused"], "This computer, 'lab-1', was removed at the desk")
    assert reached == []


@pytest.mark.parametrize(
    ("unit", "name"),
    [
        ("", ""),
        ("", "lab-1"),
        (DESK, "desk"),
        ("client", "lab-1"),
        (NODE, "../lab-1"),
        (NODE, "lab-2"),
        (JOIN, "lab-1"),
    ],
)
def test_a_certificate_of_nobody_says_nothing(desk, unit, name):
    says, authority, reached = desk
    enrolled(authority, "lab-1")
    for method in ("hello", *OF_THE_MIRROR):
        assert "refused" in says(unit, name, method)
    assert reached == []


def test_who_speaks_is_said_by_the_certificate_alone(desk):
    says, authority, reached = desk
    for name in ("lab-1", "lab-2"):
        enrolled(authority, name)
    for method in OF_THE_MIRROR:
        says(NODE, "lab-1", method, node="lab-2", name="lab-2", unit=DESK)
    assert {name for name, _ in reached} == {"lab-1"}
    renewed = says(NODE, "lab-1", "enroll", request=new_request()[1], name="lab-2")["answer"]
    assert renewed["name"] == "lab-1", "a computer renews its own certificate, not that of another one"


def test_no_certificate_signs_others_and_each_is_for_one_side(desk):
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    _, authority, _ = desk
    for text in (authority.enroll(new_request()[1], "lab-1")[1], authority.text("desk.pem")):
        certificate = x509.load_pem_x509_certificate(text.encode())
        [purpose] = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        is_desk = text == authority.text("desk.pem")
        assert purpose == (ExtendedKeyUsageOID.SERVER_AUTH if is_desk else ExtendedKeyUsageOID.CLIENT_AUTH)
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert not certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
