"""What the server draws reaches the browser whole. Streamlit 1.67 loses some of it when a part of a page (a fragment) is drawn
again while what was drawn before is still on its way, as on a busy computer.

The browser finds the parts of a page by counting. Where one thing is missing all below it moves up, and the next part that comes
takes the place of another one: things are there twice, and others, buttons among them, not at all. Presses are lost as well, or
count twice.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner import ScriptRunner, ScriptRunnerEvent
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType


def keep_pages_whole() -> None:
    """From now on, in all sessions of this process. requirements.txt keeps to the Streamlit whose insides these are."""
    for owner, name, mend in (
        (ScriptRunner, "_run_script", _pass_over_gone_parts),
        (ForwardMsgQueue, "clear", _keep_what_waits),
        (AppSession, "request_rerun", _count_each_press_once),
        (AppSession, "_create_scriptrunner", _remember_who_ends),
        (AppSession, "_handle_scriptrunner_event_on_event_loop", _hear_who_ends),
    ):
        done = getattr(owner, name)
        if not hasattr(done, "__wrapped__"):
            setattr(owner, name, wraps(done)(mend(done)))


def _pass_over_gone_parts(begin: Any) -> Any:
    """A browser asks for a part while the server draws the next page, which has it no more. A run would begin for it all the
    same, in the name of the page before: the browser empties the page that it shows, and fails at the next part of it that comes
    ("Bad delta path index")."""

    def begin_unless_gone(runner: Any, rerun_data: Any) -> None:
        parts = rerun_data.fragment_id_queue
        if not parts or any(runner._fragment_storage.contains(part) for part in parts):
            begin(runner, rerun_data)

    return begin_unless_gone


def _keep_what_waits(clear: Any) -> Any:
    """Where a part begins to be drawn, its earlier state, if not sent yet, would be thrown away, though not the message that the
    page is complete: the browser removes the part as one that is no longer drawn, and all below it moves up."""

    def clear_unless_of_a_part(
        queue: Any, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: Any = None
    ) -> None:
        if retain_lifecycle_msgs and fragment_ids_this_run:
            queue._delta_index_map = {}  # what comes now does not take the place of what waits, but follows it
        else:
            clear(queue, retain_lifecycle_msgs, fragment_ids_this_run)

    return clear_unless_of_a_part


def _count_each_press_once(request: Any) -> Any:
    """The browser sends a press a moment later, together with all else that changed meanwhile. When the time to draw a part again
    comes between, it is sent with that, too. What changed in several places it says to be of one part, and in the others nothing
    comes of it. And a press that waits for a part to be drawn is lost when the whole page is wanted."""

    def request_with_each_press(session: Any, client_state: Any) -> None:
        if client_state is not None and client_state.is_auto_rerun:
            _take_presses(client_state.widget_states)
        elif client_state is not None:
            if client_state.fragment_id and _changed_elsewhere(session, client_state):
                client_state.fragment_id = ""
            session._said = {each.id: each for each in client_state.widget_states.widgets}
            if not client_state.fragment_id and session._scriptrunner is not None:
                client_state.widget_states.widgets.extend(_presses_that_wait(session._scriptrunner._requests))
        request(session, client_state)

    return request_with_each_press


def _changed_elsewhere(session: Any, client_state: ClientState) -> bool:
    """Whether something was pressed, or is another than the browser said before, outside the part that is to be drawn."""
    before, known = getattr(session, "_said", {}), session._session_state._new_widget_state.widget_metadata
    return any(
        each.id in known and known[each.id].fragment_id != client_state.fragment_id
        for each in client_state.widget_states.widgets
        if _is_press(each) or before.get(each.id, each) != each
    )


def _presses_that_wait(requests: Any) -> list[WidgetState]:
    """Those of a run that did not begin, which is told not to: another runner will take its place."""
    with requests._lock:
        waits = requests._rerun_data.widget_states if requests._state is ScriptRequestType.RERUN else None
        if waits is None:
            return []
        requests._state = ScriptRequestType.STOP
        return _take_presses(waits)


def _take_presses(states: WidgetStates) -> list[WidgetState]:
    """Takes what was pressed out of the state of all widgets."""
    presses = [each for each in states.widgets if _is_press(each)]
    for each in presses:
        states.widgets.remove(each)
    return presses


def _is_press(state: WidgetState) -> bool:
    return (state.WhichOneof("value") or "").endswith("trigger_value")


def _remember_who_ends(create: Any) -> Any:
    """A part that is asked for when a run has just ended gets another runner, and the last that the one before drew would not be
    heard, as it is not the runner of the session any more."""

    def create_after(session: Any, initial_rerun_data: Any) -> None:
        session._ending = session._scriptrunner  # None where a run is broken off: what it drew is to be forgotten
        create(session, initial_rerun_data)

    return create_after


def _hear_who_ends(handle: Any) -> Any:
    """See `_remember_who_ends`. What a runner tells comes in its order, and before all that the next one tells."""

    def handle_as_its_own(session: Any, sender: Any, event: Any, *more: Any, **named: Any) -> None:
        ending, current = getattr(session, "_ending", None), session._scriptrunner
        if sender is None or sender is not ending or sender is current or event is ScriptRunnerEvent.SHUTDOWN:
            handle(session, sender, event, *more, **named)
            return
        session._scriptrunner = sender
        try:
            handle(session, sender, event, *more, **named)
        finally:
            session._scriptrunner = current

    return handle_as_its_own
