"""What a computer says of itself to its desk."""

from core.machine.torch_devices import TorchDevice
from core.nodes import own_facts
from core.nodes.own_facts import Facts


def test_its_gpus_are_those_on_which_torch_computes_also_once_that_is_known(runs_folder, monkeypatch):
    found = [TorchDevice("cuda:0", "NVIDIA H100"), TorchDevice("cuda:1", "NVIDIA GeForce GTX 1080")]
    monkeypatch.setattr(own_facts, "accelerators", lambda: found)
    monkeypatch.setattr(own_facts, "FRESH", -1.0)
    facts = Facts(runs_folder, 2)
    assert facts()["gpus"] == ["NVIDIA H100", "NVIDIA GeForce GTX 1080"]
    del found[1]  # torch was asked meanwhile
    assert facts()["gpus"] == ["NVIDIA H100"]
