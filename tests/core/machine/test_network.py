"""By which addresses others find this computer."""

import socket
from types import SimpleNamespace

from core.machine import network


def test_the_address_by_which_others_are_reached_comes_first_and_loopback_never(monkeypatch):
    cards = {
        name: [SimpleNamespace(family=socket.AF_INET, address=address)]
        for name, address in {
            "lo": "127.0.0.1",
            "docker": "172.17.0.1",
            "lan": "192.168.7.4",
            "none": "169.254.3.3",
        }.items()
    }
    monkeypatch.setattr(network.psutil, "net_if_addrs", lambda: cards)
    monkeypatch.setattr(network, "_outgoing", lambda: "192.168.7.4")
    assert network.own_addresses() == ["192.168.7.4", "172.17.0.1"]
