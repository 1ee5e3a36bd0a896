"""Names, join files and certificates."""

import json

import pytest

from core.errors import TrainDeskError
from core.nodes import authority as module
from core.nodes.authority import Authority, check_packages, slug
from core.nodes.certificates import expires, new_request
from core.nodes.registry import remove_node
from tests.helpers import assert_one_sentence

DAY = 24 * 3600.0


def test_names_are_made_of_what_computers_call_themselves():
    made = {
        "LAB-3.school.example": "lab-3",
        "Mac Book (Eva)": "mac-book-eva",
        "": "computer",
        "here": "computer",
        "!": "computer",
    }
    assert {wished: slug(wished) for wished in made} == made
    assert len(slug("a" * 99)) == 36


def test_another_key_gets_another_name_the_same_key_keeps_it(runs_folder):
    authority = Authority(runs_folder)
    authority.make()
    request, another = new_request()[1], new_request()[1]
    names = [authority.enroll(each, "Lab 3")[0] for each in (request, another, request, new_request()[1])]
    assert names == ["lab-3", "lab-3-2", "lab-3", "lab-3-3"]
    remove_node(runs_folder, "lab-3")
    assert not authority.is_enrolled("lab-3") and authority.is_enrolled("lab-3-2")
    assert authority.enroll(request, "lab-3")[0] == "lab-3-4", "one that was removed does not come back by its key"


def test_a_stolen_join_file_does_not_fill_the_disk(runs_folder, monkeypatch):
    monkeypatch.setattr(module, "MOST_COMPUTERS", 2)
    authority = Authority(runs_folder)
    authority.make()
    request = new_request()[1]
    for each in (new_request()[1], request, request):
        authority.enroll(each, "lab")
    with pytest.raises(TrainDeskError) as raised:
        authority.enroll(new_request()[1], "lab")
    assert_one_sentence(str(raised.value), "has let in 2 computers")
    assert not authority.is_enrolled("lab-3")


def test_a_request_that_was_changed_is_refused(runs_folder):
    authority = Authority(runs_folder)
    authority.make()
    request = new_request()[1]
    lines = request.splitlines()
    lines[-2] = lines[-2][:-6] + "AAAA" + lines[-2][-2:]
    for text in ("\n".join(lines), request[:100]):
        with pytest.raises(TrainDeskError, match="request for a certificate"):
            authority.enroll(text, "lab-3")


def test_a_join_file_lasts_a_day_and_a_computer_a_year(runs_folder, monkeypatch):
    authority = Authority(runs_folder)
    join, data = authority.new_join(["10.0.0.1:8786"])
    said = json.loads(data)
    assert said["addresses"] == ["10.0.0.1:8786"]
    assert expires(said["certificate"]) == pytest.approx(join.made + DAY, abs=5)
    assert expires(authority.enroll(new_request()[1], "a")[1]) == pytest.approx(join.made + 365 * DAY, abs=60)
    assert authority.joins() == [join] and authority.is_open(join.id)
    monkeypatch.setattr(module.time, "time", lambda: join.made + DAY + 1)
    assert not authority.is_open(join.id) and authority.joins() == []


@pytest.mark.parametrize("identity", ["", "../enrolled/a", "ffffffff", "a" * 99])
def test_a_join_file_that_was_never_made_is_not_open(runs_folder, identity):
    authority = Authority(runs_folder)
    authority.new_join([])
    authority.enroll(new_request()[1], "a")
    assert not authority.is_open(identity)
    authority.revoke_join(identity)
    assert len(authority.joins()) == 1 and authority.is_enrolled("a")


def test_what_has_to_be_installed_is_said(runs_folder, monkeypatch):
    monkeypatch.setattr(module, "missing_packages", lambda: ["distributed", "cryptography"])
    with pytest.raises(TrainDeskError) as raised:
        Authority(runs_folder).new_join([])
    assert_one_sentence(str(raised.value), "distributed and cryptography", "pip install -r requirements-nodes.txt")
    with pytest.raises(TrainDeskError):
        check_packages()


def test_a_folder_that_cannot_be_written_is_said(runs_folder):
    (runs_folder / ".traindesk").mkdir()
    (runs_folder / ".traindesk" / "nodes").write_text("a file")
    with pytest.raises(TrainDeskError) as raised:
        Authority(runs_folder).new_join([])
    assert_one_sentence(str(raised.value), "cannot be written")
