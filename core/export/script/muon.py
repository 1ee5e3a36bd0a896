"""Muon in a script: the optimizer, which torch does not have for filters, and the groups of weights."""

from __future__ import annotations

from pathlib import Path

from core.export.script.lines import call
from core.export.script.network import WrittenNetwork
from core.training.optimizers import Muon


def muon_text(optimizer: Muon, network: WrittenNetwork, old_share: float) -> str:
    """`Muon` and `optimizer`, whose groups keep their shares of the learning rate as "share"; `old_share` is that of all but the
    last layer, for those which begin with learned weights."""
    last = "network" if network.features else network.last or "network[-1]"
    own, plain = f'"momentum": {optimizer.others_momentum!r}', '"weight_decay": 0'
    shares = {
        name: f'"share": {share:.12g}'
        for name, share in (
            ("hidden", old_share),
            ("others", old_share * optimizer.biases),
            ("last", optimizer.last_layer),
        )
    }
    lines = [
        f"last = list({last}.parameters())",
        "trained = [each for each in network.parameters() if each.requires_grad]",
        "trained = trained[: -len(last)]  # those before the last layer",
        "hidden = [each for each in trained if each.ndim > 1]",
        "others = [each for each in trained if each.ndim < 2]",
        "groups = [",
        f'    {{"params": hidden, "orthogonal": True, {shares["hidden"]}}},',
        f'    {{"params": others, {shares["others"]}, {own}, {plain}}},',
        f'    {{"params": last[:1], {shares["last"]}, {own}}},',
        f'    {{"params": last[1:], {shares["last"]}, {own}, {plain}}},',
        "]",
    ]
    options = [f"{name}={getattr(optimizer, name)!r}" for name in ("momentum", "weight_decay", "unit_filters")]
    definition = Path(__file__).with_name("muon.txt").read_text(encoding="utf-8")
    return "\n".join(
        [
            definition,
            "",
            *lines,
            *call("optimizer = ", "Muon", ["groups", "lr=LEARNING_RATE", *options, "orthogonal=False"]),
        ]
    )
