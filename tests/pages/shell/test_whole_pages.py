"""Pages that reach the browser whole, whatever it asks for meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import MagicMock

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType

from pages.components.shell.whole_pages import keep_pages_whole
from tests.desk import HOST, PATIENCE, Visitor, cookie_of, rerun, shared
from tests.helpers import wait_until
from tests.pages.fake_runs import fake_run, running

TRIES = 5  # a page that is drawn before the question comes shows nothing
PAGE = """
import streamlit as st

st.text("above")
st.fragment(lambda: st.text("part"))()
st.text("below")
"""
COUNTER = """
import time
from pathlib import Path

import streamlit as st


def count():
    st.session_state["presses"] = st.session_state.get("presses", 0) + 1


def part():
    st.button("press", on_click=count)
    st.text(f"presses: {st.session_state.get('presses', 0)}")


while Path(__file__).with_name("busy").exists():
    time.sleep(0.01)
st.fragment(part)()
outside = st.button("outside")
st.text(f"outside: {outside} {st.text_input('word')}".strip())
"""


@pytest.fixture
def host(runs_folder, data_folder):
    with (
        shared(runs_folder, data_folder, runs_folder.parent / "shared.log") as desk,
        running(fake_run(runs_folder, "paused")),
        Visitor(desk, cookie_of(desk, HOST)) as visitor,
    ):
        yield visitor


@pytest.fixture
def session_of(tmp_path, monkeypatch):
    """Makes a session of a page for a browser to which nothing is sent yet. Of a coroutine alone."""
    keep_pages_whole()
    monkeypatch.setattr(Runtime, "_instance", MagicMock())
    sessions = []

    def made(script: str) -> AppSession:
        (tmp_path / "page.py").write_text(script)
        data = ScriptData(str(tmp_path / "page.py"), is_hello=False)
        sessions.append(AppSession(data, MemoryUploadedFileManager("/files"), ScriptCache(), lambda: None, {}))
        return sessions[-1]

    return made


def visited(visit: Coroutine[None, None, Any]) -> Any:
    """What a visit gives. In a thread of its own: playwright leaves its loop in the one of the tests."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, visit).result()


def ended(session: AppSession) -> None:
    """Waits until a run has ended, and hears nothing of it meanwhile, as a server that is busy otherwise."""
    requests = session._scriptrunner._requests
    wait_until(lambda: requests._state == ScriptRequestType.STOP, every=0.01, what="the run has ended")


async def heard(session: AppSession) -> list[ForwardMsg]:
    """All that waits for the browser when nothing is drawn any more."""
    end = time.monotonic() + PATIENCE
    while session._scriptrunner is not None:
        assert time.monotonic() < end
        await asyncio.sleep(0.01)
    return session.flush_browser_queue()


def texts(messages: list[ForwardMsg]) -> list[str]:
    return [said.delta.new_element.text.body for said in messages if said.delta.new_element.HasField("text")]


@pytest.mark.parametrize("is_heard", [True, False], ids=["not sent yet", "not heard yet"])
def test_a_part_asked_for_while_its_page_is_on_its_way_takes_nothing_from_it(session_of, is_heard):
    async def visit() -> list[ForwardMsg]:
        session = session_of(PAGE)
        session.request_rerun(None)
        ended(session)
        while is_heard and session._scriptrunner is not None:
            await asyncio.sleep(0)
        (part,) = session._fragment_storage._fragments
        session.request_rerun(ClientState(fragment_id=part, is_auto_rerun=True))
        return await heard(session)

    messages = visited(visit())
    assert texts(messages) == ["above", "part", "below", "part"]
    kinds = [
        said.WhichOneof("type") for said in messages if said.WhichOneof("type") in ("new_session", "script_finished")
    ]
    assert kinds == ["new_session", "script_finished"] * 2
    finished = [said.script_finished for said in messages if said.WhichOneof("type") == "script_finished"]
    assert finished == [ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY]


def test_a_page_drawn_anew_forgets_what_it_was_before(session_of):
    async def visit() -> list[ForwardMsg]:
        session = session_of(PAGE)
        session.request_rerun(None)
        ended(session)
        session.request_rerun(ClientState())
        return await heard(session)

    assert texts(visited(visit())) == ["above", "part", "below"]


class Counter:
    """A page that counts how often a button of a part of it was pressed, with a button and a field outside."""

    def __init__(self, session: AppSession):
        self.session = session

    async def open(self) -> Counter:
        self.session.request_rerun(None)
        elements = [said.delta.new_element for said in await heard(self.session)]
        self.button, self.outside = (each.button.id for each in elements if each.HasField("button"))
        (self.field,) = (each.text_input.id for each in elements if each.HasField("text_input"))
        (self.part,) = self.session._fragment_storage._fragments
        self.say()
        await heard(self.session)
        return self

    def say(self, *pressed: str, word: str = "", of_part: bool = False, is_due: bool = False) -> None:
        """What a browser says of all widgets, pressed or not."""
        states = [WidgetState(id=each, trigger_value=True) for each in pressed]
        states.append(WidgetState(id=self.field, string_value=word))
        part = self.part if of_part else ""
        said = ClientState(fragment_id=part, is_auto_rerun=is_due, widget_states=WidgetStates(widgets=states))
        self.session.request_rerun(said)


def test_a_press_that_is_sent_twice_counts_once(session_of):
    async def visit() -> list[ForwardMsg]:
        page = await Counter(session_of(COUNTER)).open()
        page.say(page.button, of_part=True, is_due=True)
        before = await heard(page.session)
        page.say(page.button, of_part=True)
        return before + await heard(page.session)

    assert texts(visited(visit())) == ["presses: 0", "presses: 1"]


def test_a_press_that_waits_counts_when_the_whole_page_is_wanted(session_of, tmp_path):
    async def visit() -> list[ForwardMsg]:
        page = await Counter(session_of(COUNTER)).open()
        (tmp_path / "busy").touch()
        page.say()
        page.say(page.button, of_part=True)
        page.say()
        (tmp_path / "busy").unlink()
        return await heard(page.session)

    assert texts(visited(visit()))[-2:] == ["presses: 1", "outside: False"]


def test_what_changed_in_several_places_at_once_counts_in_each(session_of):
    async def visit() -> list[list[str]]:
        page = await Counter(session_of(COUNTER)).open()
        said = []
        for pressed, word in (
            ([page.button], ""),
            ([page.button, page.outside], ""),
            ([page.button], "hello"),
            ([], ""),
        ):
            page.say(*pressed, word=word, of_part=True)
            said.append(texts(await heard(page.session)))
        return said

    assert visited(visit()) == [
        ["presses: 1"],
        ["presses: 2", "outside: True"],
        ["presses: 3", "outside: False hello"],
        ["presses: 3", "outside: False"],
    ]


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
