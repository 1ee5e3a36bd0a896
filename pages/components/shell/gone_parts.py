"""Parts of pages that are gone: nothing is announced of them.

A browser asks for a part of its page (a Streamlit fragment) while the server draws the next page. Once that is drawn the part is
known no more, but Streamlit 1.67 still begins a run for it, in the name of the page before: the browser empties the page that it
shows, and fails at the next part of it that comes ("Bad delta path index").
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from streamlit.runtime.scriptrunner import ScriptRunner


def pass_over_gone_parts() -> None:
    """From now on, in all sessions of this process. Does nothing where Streamlit has no such place any more."""
    begin = getattr(ScriptRunner, "_run_script", None)
    if begin is None or hasattr(begin, "__wrapped__"):
        return

    @wraps(begin)
    def unless_gone(self: Any, rerun_data: Any) -> None:
        parts = rerun_data.fragment_id_queue
        if not parts or any(self._fragment_storage.contains(part) for part in parts):
            begin(self, rerun_data)

    ScriptRunner._run_script = unless_gone  # type: ignore[method-assign]
