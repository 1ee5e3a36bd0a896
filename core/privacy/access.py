"""Who can see the pictures that lie on this computer, in sentences."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Access:
    """How a dashboard can be reached."""

    asked_as: str = "localhost"  # the host in the address of the page
    visitor: str = ""  # the IP address of who asks
    has_passwords: bool = False  # one for guests and one for the host
    is_encrypted: bool = False
    addresses: Sequence[str] = ()  # IP addresses of this computer

    @property
    def is_alone(self) -> bool:
        """Whether it answers this computer alone."""
        return not self.has_passwords and self.asked_as in LOCAL

    @property
    def public(self) -> str:
        """An address that shows that the internet reaches it, of this computer or of who asks; "" where none does."""
        return next((each for each in (*self.addresses, self.visitor) if _is_public(each)), "")

    def who_sees(self) -> str:
        """One sentence."""
        if self.is_alone:
            return "Only whoever sits at it sees them: the network cannot reach them, and no password is asked."
        where = "this network"
        if self.public:
            where += f" and the internet ({self.public} is a public address)"
        if not self.has_passwords:
            return f"Everybody who opens {self.asked_as} sees them without a password, from {where}."
        way = "encrypted" if self.is_encrypted else "not encrypted, so others may listen in"
        return f"Everybody who has a password sees them, from {where}, {way}."


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False
