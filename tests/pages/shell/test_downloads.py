"""A link that hands out a file stays the same, gives what its page drew last, and ends with it."""

import asyncio
import gc
import re
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from core.errors import TrainDeskError
from pages.components.shell.downloads import FORGOTTEN, GONE, ROUTE
from pages.components.shell.number_words import plain_markdown


def a_page() -> None:
    import streamlit as st

    from pages.components.shell.downloads import download, forget_offers

    forget_offers()
    if make := st.session_state.get("make"):
        download("Save <b>", make, 'Ärger "2".zip', "file", is_primary=True, help="a tip")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    content: bytes


def get(path: str) -> Answer:
    """What the server answers to a browser that follows the link."""
    said = []

    async def send(message):
        said.append(message)

    async def receive():
        await asyncio.sleep(60)  # it goes on listening
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    with ThreadPoolExecutor(1) as other:  # in this thread a browser of another test may have its loop
        other.submit(asyncio.run, Starlette(routes=[ROUTE])(scope, receive, send)).result()
    headers = {key.decode(): value.decode() for key, value in said[0]["headers"]}
    return Answer(said[0]["status"], headers, b"".join(each.get("body", b"") for each in said[1:]))


def address(app: AppTest) -> str:
    [html] = app.get("html")
    return re.search(r'href="([^"]+)"', html.proto.body).group(1)


def opened(make) -> AppTest:
    app = AppTest.from_function(a_page)
    app.session_state["make"] = make
    return app.run()


def test_it_gives_the_content_under_its_name():
    app = opened(lambda: b"content")
    answer = get(address(app))
    assert answer.content == b"content"
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''%C3%84rger%20%222%22.zip"
    assert answer.headers["content-type"] == "application/octet-stream", "never a page of this place"
    [html] = app.get("html")
    assert "Save &lt;b&gt;" in html.proto.body
    assert 'download="Ärger &quot;2&quot;.zip"' in html.proto.body


def test_a_file_is_given_from_where_it_lies(tmp_path):
    (tmp_path / "file").write_bytes(bytes(3_000_000))
    assert get(address(opened(lambda: tmp_path / "file"))).content == bytes(3_000_000)


def test_drawn_anew_it_has_the_same_address_and_gives_the_newest():
    app = opened(lambda: b"old")
    first = address(app)
    app.session_state["make"] = lambda: b"new"
    app.run()
    assert address(app) == first
    assert get(first).content == b"new"


def test_each_session_has_its_own():
    one, two = opened(lambda: b"one"), opened(lambda: b"two")
    assert get(address(one)).content == b"one"
    assert get(address(two)).content == b"two"


def test_it_outlives_runs_that_are_broken_off_but_not_its_page():
    app = opened(lambda: b"content")
    there = address(app)
    app.session_state["make"] = None
    for _ in range(FORGOTTEN):
        app.run()
    gc.collect()
    assert get(there).status == 200
    app.run()
    gc.collect()
    answer = get(there)
    assert (answer.status, answer.content.decode()) == (404, GONE)


@pytest.mark.parametrize("error", [TrainDeskError("It is being written; wait a moment."), FileNotFoundError("no file")])
def test_why_there_is_none_is_said_where_it_was_pressed(error):
    def fail() -> bytes:
        raise error

    app = opened(fail)
    answer = get(address(app))
    assert (answer.status, answer.content.decode()) == (404, str(error))
    assert app.run().error[0].value == plain_markdown(str(error))
    app.session_state["make"] = lambda: b"content"
    app.run()
    assert get(address(app)).status == 200
    assert not app.run().error
