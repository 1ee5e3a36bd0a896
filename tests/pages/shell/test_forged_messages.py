"""A guest who writes Streamlit's messages by hand: buttons that were not drawn, runs and sessions of others."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import InvalidStatus

from core.runs.metadata import change_metadata, read_metadata
from core.runs.store import list_runs
from tests.desk import GUESTS, HOST, Visitor, ask, cookie_of, rerun, shared, status_of
from tests.pages.fake_runs import fake_run, running


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forged") / "runs"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def desk(runs, data_folder):
    with shared(runs, data_folder, runs.parent / "shared.log") as desk:
        yield desk


@pytest.fixture(scope="module")
def teacher(desk):
    return cookie_of(desk, HOST)


@pytest.fixture(scope="module")
def guest(desk):
    return cookie_of(desk, GUESTS)


@pytest.fixture
def theirs(runs):
    """A run of someone else's, at work."""
    run = fake_run(runs, "paused")
    change_metadata(run, owner="someone else")
    with running(run):
        yield run


def test_the_forger_can_press_what_is_drawn(desk, teacher, theirs):
    """Else all that follows would prove nothing."""
    with Visitor(desk, teacher) as host:
        page = host.open("run", f"run={theirs.id}")
        host.open("run", f"run={theirs.id}", press=(page.buttons()["Stop"],))
    assert theirs.stop_request.exists()


def test_buttons_of_others_that_were_never_drawn_do_nothing_when_they_are_pressed(desk, teacher, guest, theirs):
    with Visitor(desk, teacher) as host:
        buttons = host.open("run", f"run={theirs.id}").buttons()
        more = host.open("runs").buttons() | host.open("system").buttons()
    assert {"Stop", "Pause"} <= buttons.keys()
    before = sorted((path.name, path.read_bytes()) for path in theirs.folder.iterdir() if path.suffix != ".lock")
    with Visitor(desk, guest) as forger:
        page = forger.open("run", f"run={theirs.id}")
        own = page.buttons() | forger.open("runs").buttons() | forger.open("system").buttons()
        assert page.messages and not {"Stop", "Pause"} & own.keys()
        pressed = tuple({*buttons.values(), *more.values()} - {*own.values()})
        for query in (f"run={theirs.id}", ""):
            for name in ("run", "runs", "system", ""):
                forger.open(name, query, press=pressed)
        for fragment in page.fragments:
            forger.drop(rerun("run", f"run={theirs.id}", fragment, pressed))
        assert forger.open("").buttons()
    assert (
        sorted((path.name, path.read_bytes()) for path in theirs.folder.iterdir() if path.suffix != ".lock") == before
    )
    assert not theirs.stop_request.exists() and not theirs.pause_request.exists()


def test_values_of_fields_that_were_never_drawn_change_nothing(desk, teacher, guest, runs, theirs):
    with Visitor(desk, teacher) as host:
        page = host.open("run", f"run={theirs.id}")
        fields = [
            said.delta.new_element.text_input.id
            for said in page.messages
            if said.delta.new_element.WhichOneof("type") == "text_input"
        ]
    message = rerun("run", f"run={theirs.id}")
    for identity in (*fields, "$$ID-0-title", f"title {theirs.id}"):
        message.rerun_script.widget_states.widgets.add(id=identity, string_value="mine now")
    with Visitor(desk, guest) as forger:
        forger.say(message)
    assert read_metadata(theirs).title != "mine now" and read_metadata(theirs).owner == "someone else"


@pytest.mark.parametrize("is_open", [True, False])
def test_the_session_of_someone_else_is_given_to_nobody(desk, teacher, guest, theirs, is_open):
    """Whoever knows its id would press buttons that were drawn for the host."""
    host = Visitor(desk, teacher)
    page = host.open("run", f"run={theirs.id}")
    if not is_open:
        host.socket.close()
    header = {"X-TrainDesk-Guest": "the host's"}
    with Visitor(desk, guest, session=page.session, **header) as forger:
        answer = forger.open("run", f"run={theirs.id}", press=(page.buttons()["Stop"],))
        assert answer.session != page.session
    assert not theirs.stop_request.exists()
    host.socket.close()
    with Visitor(desk, teacher, session=page.session) as again:
        assert again.open("run", f"run={theirs.id}").session == page.session, "its own browser gets it back"


def test_parts_of_a_page_of_someone_else_are_not_drawn(desk, teacher, guest, theirs):
    with Visitor(desk, teacher) as host, Visitor(desk, guest) as forger:
        page = host.open("run", f"run={theirs.id}")
        assert page.fragments
        forger.open("")
        for fragment in page.fragments:
            forger.drop(rerun("run", f"run={theirs.id}", fragment))
        assert not {"Stop", "Pause"} & forger.open("glossary").buttons().keys()


@pytest.mark.parametrize(
    "message",
    [
        BackMsg(clear_cache=True),
        BackMsg(set_run_on_save=True),
        BackMsg(debug_shutdown_runtime=True),
        BackMsg(debug_disconnect_websocket=True),
        BackMsg(load_git_info=True),
        b"\xff" * 100,
        b"",
    ],
    ids=str,
)
def test_messages_that_no_browser_of_ours_sends_end_nothing(desk, guest, message):
    with Visitor(desk, guest) as forger:
        forger.open("")
        forger.drop(message)
    with Visitor(desk, guest) as other:
        assert other.open("").buttons(), "the dashboard is there for others"


def test_pages_and_fields_that_there_are_not_are_no_errors_with_a_traceback(desk, guest, runs):
    before = len(list_runs(runs))
    with Visitor(desk, guest) as forger:
        for page, query in (
            ("../core/cli/share.py", ""),
            ("run", "run=../../etc"),
            ("run", "run=%00"),
            ("data", "set=..&import=.."),
            ("x" * 5000, "y" * 5000),
        ):
            said = forger.open(page, query).text()
            assert "Traceback" not in said and str(runs) not in said and GUESTS not in said and HOST not in said
    assert len(list_runs(runs)) == before


def test_without_a_cookie_or_from_another_port_there_is_no_socket(desk, guest):
    for cookie, origin in (
        ("", "own"),
        ("traindesk=made.up", "own"),
        (guest, "http://127.0.0.1:1"),
        (guest, "http://localhost:8501"),
        (guest, "null"),
        (guest, None),
    ):
        with pytest.raises(InvalidStatus):
            Visitor(desk, cookie, origin=origin)
    assert status_of(desk, "/", Cookie=guest, Origin="http://127.0.0.1:1") == 403


def test_an_open_socket_ends_when_its_visitor_logs_out(desk, theirs):
    mine = cookie_of(desk, HOST)
    with Visitor(desk, mine) as left_open:
        page = left_open.open("run", f"run={theirs.id}")
        assert ask(desk, "/logout", Cookie=mine)[0] == 303
        left_open.open("run", f"run={theirs.id}", press=(page.buttons()["Stop"],))
        assert left_open.is_closed()
    assert not theirs.stop_request.exists()
    with pytest.raises(InvalidStatus):
        Visitor(desk, mine)
