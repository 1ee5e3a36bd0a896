"""The machine code of `core.native` as training uses it, and where it is used."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache

FAMILIES = ("dense", "first_layer", "max_pooling", "momentum", "picking")
FEW = 8  # threads of torch; with more of them its own operations catch up with one thread of ours


@cache
def kernels(family: str) -> dict[str, Callable[..., None]]:
    """Those of a file in `core.native` by their names, made in a few hundredths of a second when they are first asked for; empty
    where they cannot be had, and where TRAINDESK_NATIVE=0 is set: PyTorch then computes the same, up to rounding."""
    if os.environ.get("TRAINDESK_NATIVE") == "0":
        return {}
    try:
        from core.native import dense, first_layer, max_pooling, momentum, picking
        from core.native.machine_code import compiled

        families = {
            "dense": dense.dense_kernels,
            "first_layer": first_layer.first_layer_kernels,
            "max_pooling": max_pooling.pooling_kernels,
            "momentum": momentum.momentum_kernels,
            "picking": picking.picking_kernels,
        }
        return compiled(families[family]())
    except ImportError:
        return {}
    except (OSError, RuntimeError) as error:
        print(f"All is left to PyTorch: {error}", file=sys.stderr)
        return {}
