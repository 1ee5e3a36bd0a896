"""Who sees pictures, in each way in which a dashboard can be reached."""

import pytest

from core.privacy.access import Access
from tests.helpers import assert_one_sentence

SHARED = {"asked_as": "192.168.1.7", "visitor": "192.168.1.9", "has_passwords": True, "addresses": ("192.168.1.7",)}


@pytest.mark.parametrize(
    ("reached", "said", "never"),
    [
        (Access(), ("Only whoever sits at it", "the network cannot reach them"), "Everybody"),
        (Access("::1", "::1"), ("the network cannot reach them",), "Everybody"),
        (Access("desk.school", "192.168.1.9"), ("Everybody who opens desk.school", "without a password"), "encrypted"),
        (Access(**SHARED), ("who has a password", "not encrypted", "listen in"), "internet"),
        (Access(**SHARED, is_encrypted=True), ("from this network, encrypted",), "listen in"),
        (Access(**SHARED | {"addresses": ("192.168.1.7", "8.8.4.4")}), ("and the internet (8.8.4.4 is",), "without"),
        (Access(**SHARED | {"visitor": "2a00:1450:4001::1"}), ("and the internet (2a00:1450:4001::1 is",), "without"),
        (Access("localhost", "127.0.0.1", True), ("who has a password",), "cannot reach"),
    ],
)
def test_each_way_is_said_rightly(reached, said, never):
    assert_one_sentence(reached.who_sees(), *said)
    assert never not in reached.who_sees()
