"""Two computers compare what they must have in common."""

import pytest

from core.nodes import hello
from core.nodes.hello import difference, own_versions
from tests.helpers import assert_one_sentence


def test_the_same_versions_are_no_difference():
    assert difference(own_versions(), own_versions()) == ""


@pytest.mark.parametrize("what", ["python", "torch", "code"])
def test_another_version_is_said_with_both_and_what_to_do(what):
    desk = {"python": "3.11", "torch": "2.9.0", "code": "0123456789ab"}
    assert_one_sentence(difference(desk, desk | {what: "0.0"}), " 0.0 and the desk has ", desk[what])
    assert_one_sentence(difference(desk, {name: text for name, text in desk.items() if name != what}), "unknown")


def test_a_torch_for_another_kind_of_computer_is_the_same(monkeypatch):
    monkeypatch.setattr(hello, "version", lambda _: "2.9.0+cu126")
    assert own_versions()["torch"] == "2.9.0"


def test_the_programs_hash_is_that_of_its_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(hello, "HOME", tmp_path)
    (tmp_path / "core").mkdir()
    module = tmp_path / "core" / "a.py"
    found = []
    for data in (b"one\ntwo\n", b"one\r\ntwo\r\n", b"one\ntwo\n\n"):
        module.write_bytes(data)
        hello.code_hash.cache_clear()
        found.append(hello.code_hash())
    hello.code_hash.cache_clear()
    assert found[0] == found[1] != found[2] and len(found[0]) == 12
