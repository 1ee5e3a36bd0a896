"""A browser that asks for a part of its page while the next page is drawn."""

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.desk import HOST, PATIENCE, Visitor, cookie_of, rerun, shared
from tests.pages.fake_runs import fake_run, running

TRIES = 5  # a page that is drawn before the question comes shows nothing


@pytest.fixture
def host(runs_folder, data_folder):
    with (
        shared(runs_folder, data_folder, runs_folder.parent / "shared.log") as desk,
        running(fake_run(runs_folder, "paused")),
        Visitor(desk, cookie_of(desk, HOST)) as visitor,
    ):
        yield visitor


def messages_to(visitor, kind):
    """Up to the first of this kind."""
    heard = []
    while not heard or heard[-1].WhichOneof("type") != kind:
        heard.append(ForwardMsg.FromString(visitor.socket.recv(PATIENCE)))
    return heard


def page_of(messages):
    """The identity of the page that was drawn last."""
    return [said.navigation.page_script_hash for said in messages if said.WhichOneof("type") == "navigation"][-1]


def test_the_next_page_is_not_emptied(host):
    train = page_of(host.open("train").messages)
    for _ in range(TRIES):
        page = host.open("run")
        asks = rerun("run", fragment=page.fragments[0])
        asks.rerun_script.page_script_hash = page_of(page.messages)
        asks_for_train = rerun("train")
        asks_for_train.rerun_script.page_script_hash = train
        host.drop(asks_for_train)
        messages_to(host, "navigation")
        host.drop(asks)
        heard = messages_to(host, "script_finished") + host.say(asks_for_train).messages
        announced = [said.new_session.page_script_hash for said in heard if said.WhichOneof("type") == "new_session"]
        assert announced and set(announced) == {train}
