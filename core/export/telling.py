"""How what takes a while says how far it is."""

from collections.abc import Callable

Tell = Callable[[float, str], None]  # how much of the work is done, 0..1, and what is done now: "Writing the network"
