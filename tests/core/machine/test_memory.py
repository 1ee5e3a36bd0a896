"""How much memory is said to be free."""

import os

import torch

from core.machine import memory


def test_the_system_says_what_is_available(tmp_path):
    file = tmp_path / "meminfo"
    file.write_text(
        "MemTotal:       24689068 kB\nMemFree:        100 kB\nMemAvailable:   2000 kB\nHugePages_Total:  0\n"
    )
    assert memory._system(file) == 2000 * 1024


def test_a_system_without_that_file_says_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}.__getitem__)
    assert memory._system(tmp_path / "missing") == 4_096_000
    monkeypatch.delattr(os, "sysconf")
    assert memory._system(tmp_path / "missing") == memory.UNKNOWN


def test_the_limit_of_a_container(tmp_path):
    limit = tmp_path / "memory.max"
    assert memory._container(limit) == float("inf")
    limit.write_text("max\n")
    assert memory._container(limit) == float("inf")
    limit.write_text("1073741824\n")
    assert memory._container(limit) == 2**30


def test_the_smaller_of_both_counts(monkeypatch):
    for system, container in ((100, 7), (7, 100), (7, float("inf"))):
        monkeypatch.setattr(memory, "_system", lambda system=system: system)
        monkeypatch.setattr(memory, "_container", lambda container=container: container)
        assert memory.free_bytes(torch.device("cpu")) == 7


def test_a_gpu_is_asked_itself(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (device.index, 99))
    assert memory.free_bytes(torch.device("cuda:3")) == 3
