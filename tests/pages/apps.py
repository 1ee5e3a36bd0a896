"""Opening a page in Streamlit's own test harness, as a visitor with a link would."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from tests.helpers import PATIENCE, with_plain_spaces

# what packages bring is looked for in all of them at each run: nine tenths of the time of opening a page in a test
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ("", *sorted(page.stem for page in (ROOT / "pages").glob("*.py")))  # addresses; "" is the home page


def open_app(page: str = "", **query: str) -> AppTest:
    """The page after its first run, with nothing raised."""
    app = AppTest.from_file(str(ROOT / "home.py"), default_timeout=PATIENCE)
    go(app, page)
    for name, value in query.items():
        app.query_params[name] = value
    return run(app)


def go(app: AppTest, page: str) -> AppTest:
    """Makes the next run that of another page, without running it."""
    return app.switch_page(f"pages/{page}.py" if page else "home.py")


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, [exception.message for exception in app.exception]
    return app


def press(app: AppTest, key: str) -> AppTest:
    """The page after a click on the button of this key."""
    widget(app, key).click()
    return run(app)


def nodes(node: Any) -> Iterator[Any]:
    """Every block and element below a node."""
    for child in getattr(node, "children", {}).values():
        yield child
        yield from nodes(child)


def words(node: Any) -> str:
    """What `markup` gives, without scripts and styles."""
    return re.sub(r"<(script|style)>.*?</\1>", "", markup(node), flags=re.DOTALL)


def markup(node: Any) -> str:
    """All text at and below a node, HTML included, in the order of the page, with ordinary spaces."""
    found = []
    for child in nodes(getattr(node, "_tree", node)):
        proto = getattr(child, "proto", None)
        for name in ("body", "value", "label", "text", "element_markdown"):
            text = getattr(proto, name, None) if proto is not None else None
            if isinstance(text, str):
                found.append(text)
    return with_plain_spaces(unescape("\n".join(found)).replace("\\", ""))


def sentence(message: Any) -> str:
    """The text of an error or warning as a person reads it."""
    return message.value.replace("\\", "")


def beside(app: AppTest, key: str) -> str:
    """All text in the innermost block that holds the widget of this key."""
    blocks = [
        node
        for node in nodes(app._tree)
        if any(getattr(child, "key", None) == key for child in getattr(node, "children", {}).values())
    ]
    return words(blocks[-1])


def component_data(app: AppTest, name: str) -> dict[str, Any]:
    """What a component of our own, the first of its name on the page, was given. With ordinary
    spaces. Raises StopIteration without one."""
    protos = (getattr(node, "proto", None) for node in nodes(app._tree))
    found = next(proto for proto in protos if getattr(proto, "component_name", "").endswith(name))
    return json.loads(with_plain_spaces((found.json or found.mixed.json).replace("\\u202f", " ")))


FOLDS = {
    "form:training": "fold More training settings",
    "form:augmentation": "fold Augmentation",
}  # of the form of Train


def widget(app: AppTest, key: str) -> Any:
    """The widget of this key, of whatever kind. A fold of the form that it lies behind is opened first."""
    for kind in (
        app.text_input,
        app.number_input,
        app.selectbox,
        app.toggle,
        app.button,
        app.multiselect,
        app.button_group,
    ):
        for element in kind:
            if element.key == key:
                return element
    fold = "sweep" if key.startswith("sweep ") else FOLDS.get(key.partition(".")[0], "")
    if not any(each.key == fold and not each.proto.expanded for each in app.expander):
        raise KeyError(key)
    app.session_state[fold] = True
    return widget(run(app), key)
