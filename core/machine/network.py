"""This computer on its network."""

from __future__ import annotations

import contextlib
import ipaddress
import socket

import psutil

ELSEWHERE = ("192.0.2.1", 9)  # an address that is nobody's; nothing is sent there


def own_addresses() -> list[str]:
    """IPv4 addresses under which others of the network find this computer; first the one by which it reaches others."""
    found = {
        each.address for several in psutil.net_if_addrs().values() for each in several if each.family == socket.AF_INET
    }
    addresses = [ipaddress.ip_address(address) for address in sorted(found)]
    usable = [str(address) for address in addresses if not (address.is_loopback or address.is_link_local)]
    first = _outgoing()
    return sorted(usable, key=lambda address: address != first)


def _outgoing() -> str:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(ELSEWHERE)
        return asking.getsockname()[0]
    return ""
