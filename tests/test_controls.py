"""Every control of the pages is pressed by a journey in a browser: a new one fails here until it is.

A control is found where it is drawn, by the source; it is pressed where a browser test acts on what is called by its label: in
the same statement, by a variable, or in a loop over labels. Labels made at run time, and choices whose options are pressed,
are found by what `MADE` says of them, which must be pressed as well.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "dashboard.py", ROOT / "home.py", *sorted((ROOT / "pages").rglob("*.py"))]
CONTROLS = set(
    "button download_button form_submit_button toggle checkbox popover file_uploader camera_input link_button menu_button "
    "segmented_control pills radio selectbox multiselect slider select_slider text_input number_input text_area "
    "date_input time_input color_picker feedback chat_input audio_input data_editor pagination".split()
)
OURS = {
    "action",
    "download",
    "one_of",
    "pressed",
    "toggle",
}  # of pages/components: what draws a control is called by its label
ACTIONS = set(
    "click dblclick check uncheck fill press press_sequentially set_input_files tap select_option clear".split()
)
HELPERS = {
    "press",
    "pressed",
    "opened",
    "choose",
    "tick",
    "made",
}  # of the browser tests, which act on what they are given
MADE = {  # a control -> what a journey presses of it
    "pages/classify.py: 'Way'": "Upload",
    "charts/view_controls.py axis_control: 'Over'": "step",
    "classify/insight.py draw_insight: 'Look closer'": "What it sees",
    "classify/networks.py choose_networks: ', '.join(said).capitalize() or 'Ask another'": "Ask another",
    "classify/upload.py source: f'Take a photo of {hint}'": "Take Photo",
    "compare/compare_view.py _curves: 'Curve'": "validation loss",
    "data/dataset.py _name_field: label": "Name of this class",
    "data/dataset.py _draw_test_share: change_to.label": "^Hold out 50",
    "data/dataset.py _draw_pictures: 'Part'": "validation",
    "data/findings.py _draw_start: words": "Look for wrong labels",
    "data/findings.py _draw_ways: plain_markdown(way.label)": "Both are rings",
    "data/findings.py draw_findings: finding.action": "Take them out of both",
    "data/import_form.py draw_import_form: f'**{title}** :small[{words}]'": "ZIP or pictures",
    "data/reading.py _choose: 'The classes are'": "are put together",
    "demo/demo_view.py start_demo_button: label": "Start the 60-second demo",
    "game/rules_form.py _draw_limits: title": "Tries of each group",
    "game/rules_form.py draw_rules_form: label": "Change the rules",
    "lessons/lesson_list.py _draw_card: name": "3. The learning rate",
    "lessons/lesson_view.py _draw_question: act.question": "0.0001",
    "data/writers_view.py draw_writers: 'Leave out'": "Test with these, learn from all others",
    "lessons/drawing_area.py draw_area: act.question": "Who is drawing?",
    "lessons/lesson_view.py _draw_act: act.label": "Bring the digits",
    "lessons/lesson_view.py _draw_start: act.label": "Start the three trainings",
    "shell/links.py way_back: label": "All datasets",
    "run/coach_view.py draw_coach: advice.remedy": "Set it back to 0.001",
    "run/controls.py _rate_field: label": "Learning rate from the next step on",
    "run/controls.py draw_queue_controls: label": "Take out of the queue",
    "run/mistakes_view.py _galleries: 'Of each class'": "3",
    "run/playback.py _choice: label": "Slow motion",
    "run/take_view.py _draw_kept: label": "Save .html",
    "run/playback.py draw_steps: label": "Next epoch",
    "runs/experiment_view.py _draw: 'Curve'": "Validation loss",
    "runs/open_run.py draw_open_place: "
    "f'A run that was saved in TrainDesk, here or on another computer ({ENDING})'": "input[type=file]",
    "shell/computers.py choose_computer: label": "Computer",
    "shell/fences.py _throw_away: label": "Move it to the trash",
    "shell/header.py _view_button: label": "Presenter view",
    "shell/widgets.py paged: pages": "stPagination",
    "train/cards.py _button: '  \\n'.join(lines)": "^Fast MNIST",
    "train/form.py _part: part.capitalize()": "Schedule",
    "train/layer_buttons.py _button: label": "Add a layer",
    "train/notices.py draw_reasons: remedy.label": "Split the groups",
    "train/sweep_form.py _values: title": "Optimizer: Learning rate",
    "train/sweep_form.py _values: name": "0.5",
}

LONG = 11  # letters of a beginning by which one knows a label
SCRIPTED = {  # a script that makes controls -> what a journey presses of them
    "classify/tiles.js": "Pictures",
    "data/picked.js": "Pictures",
    "runs/run_table.js": "Tick all",
}


def written(path: Path) -> Iterator[tuple[str, list[str]]]:
    """As `controls`, of those that stand in a page of HTML or in a piece of it within a module."""
    text, where = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix().removeprefix("pages/components/")
    found = [said.strip() for said in re.findall(r"<(?:a|button|summary)\b[^>]*>([^<{$]*[^<{$\s][^<{$]*)<", text)]
    for field in re.findall(r"<(?:input|select|textarea)\b[^>]*>", text):
        found += re.findall(r'aria-label="([^"]+)"', field)
    found += re.findall(r"<label for=[^>]*>([^<]+)<", text)
    yield from ((f"{where}: {said}", [re.escape(said)]) for said in found)


def labels_of(node: ast.expr, within: ast.AST) -> list[str]:
    """The texts that a label can be, as patterns; none where they cannot be told from the source."""
    match node:
        case ast.Constant(value=str(text)):
            return [re.escape(text)]
        case ast.IfExp(body=one, orelse=other):
            return labels_of(one, within) + labels_of(other, within)
        case ast.JoinedStr(values=parts):
            said = ["".join(labels_of(part, within)) if isinstance(part, ast.Constant) else ".*" for part in parts]
            return ["".join(said)] if len(max(said, key=len)) > 3 and max(said, key=len) != ".*" else []
        case ast.Name(id=name):
            values = [
                each.value
                for each in ast.walk(within)
                if isinstance(each, ast.Assign)
                and any(isinstance(to, ast.Name) and to.id == name for to in each.targets)
            ]
            return [text for value in values if not isinstance(value, ast.Name) for text in labels_of(value, within)]
    return []


def controls(path: Path) -> Iterator[tuple[str, list[str]]]:
    """(where: the file and the function, with the label where it is known; patterns of its labels)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name not in (CONTROLS if isinstance(call.func, ast.Attribute) else OURS):
            continue
        around = [each for each in functions if each.lineno <= call.lineno <= (each.end_lineno or 0)]
        within = max(around, key=lambda each: each.lineno, default=None)
        if within and within.name in OURS:
            continue  # told of where it is called
        labels = labels_of(call.args[0], within or tree)
        where = f"{path.relative_to(ROOT).as_posix().removeprefix('pages/components/')} {within.name if within else ''}".strip()
        yield (f"{where}: {ast.unparse(call.args[0])}", labels)


def acted_on(source: str) -> set[str]:
    """All texts of a browser test by which something is found that is then clicked, filled or ticked."""
    found: set[str] = set()
    tree = ast.parse(source)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        calls = [call for call in ast.walk(function) if isinstance(call, ast.Call)]
        acts = [call for call in calls if _acts(call)]
        if any(ast.unparse(call.func).endswith("mouse.down") for call in calls):  # at the place of what it asked for
            acts += [call for call in calls if ast.unparse(call.func).endswith((".bounding_box", ".hover"))]
        names = {each.id for call in acts for each in ast.walk(call) if isinstance(each, ast.Name)}
        for statement in ast.walk(function):
            if isinstance(statement, ast.For):
                is_used = any(call in list(ast.walk(statement)) for call in acts)
                found |= _texts(statement.iter) if is_used else set()
            elif isinstance(statement, ast.Assign):
                targets = {each.id for to in statement.targets for each in ast.walk(to) if isinstance(each, ast.Name)}
                found |= _texts(statement.value) if targets & names else set()
        for call in acts:
            found |= _texts(call)
    return found


def _acts(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr in ACTIONS
    return getattr(call.func, "id", "") in HELPERS


def _texts(node: ast.AST) -> set[str]:
    return {each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)}


@functools.cache
def all_pressed() -> set[str]:
    browser = (ROOT / "tests" / "browser").glob("*.py")
    return {text for path in browser for text in acted_on(path.read_text(encoding="utf-8"))}


def is_pressed(pattern: str, pressed: set[str]) -> bool:
    """Whether one of these texts is the label, or whole words that are half of it or a long beginning, or a pattern of it."""
    label = re.sub(r"\\(.)", r"\1", pattern)
    return any(
        re.search(pattern, text)
        or (
            re.search(rf"(?<!\w){re.escape(text)}(?!\w)", label)
            and (2 * len(text) >= len(label) or label.startswith(text) and len(text) >= LONG)
        )
        for text in pressed
    )


WRITTEN = [*PAGES, *(ROOT / "pages").rglob("*.html"), ROOT / "core" / "export" / "page" / "page.html"]


@functools.cache
def all_controls() -> dict[str, list[str]]:
    return dict(each for path in PAGES for each in controls(path)) | dict(
        each for path in WRITTEN for each in written(path)
    )


def test_a_journey_presses_each():
    wrong = {}
    for control, labels in all_controls().items():
        if control in MADE:
            if MADE[control] not in all_pressed():
                wrong[control] = f"no browser test presses {MADE[control]!r}"
        elif not labels:
            wrong[control] = "say in MADE what this control is called in the browser test that presses it"
        elif not any(is_pressed(label, all_pressed()) for label in labels):
            wrong[control] = f"no browser test presses {labels}"
    assert not wrong


def test_a_journey_presses_what_a_script_makes():
    making = re.compile(r'(?:createElement|make)\("(?:a|button|input|select)"')
    scripts = {
        path.relative_to(ROOT / "pages" / "components").as_posix()
        for path in (ROOT / "pages").rglob("*.js")
        if making.search(path.read_text(encoding="utf-8"))
    }
    assert scripts == set(SCRIPTED)
    assert not set(SCRIPTED.values()) - all_pressed()


def test_what_is_only_looked_at_is_not_pressed():
    source = """
def test(page):
    expect(page.get_by_role("button", name="Seen")).to_be_visible()
    page.get_by_role("button", name="Clicked").click()
    field = page.get_by_label("Filled")
    idle = page.get_by_label("Idle")
    field.fill("x")
    for name in ("In a loop",):
        page.get_by_role("radio", name=name).click()
    press(page.get_by_role("button", name="Pressed"), idle)
"""
    found = acted_on(source)
    assert {"Clicked", "Filled", "In a loop", "Pressed"} <= found and "Seen" not in found


def test_a_new_control_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.test_controls.ROOT", tmp_path)
    page = tmp_path / "new.py"
    page.write_text("""
import streamlit as st
def draw(is_on, name):
    words = "Switch it off" if is_on else "Switch it on"
    st.button(words)
    st.file_uploader(f"Pictures of {name}, please")
    st.toggle(name)
    action("Do it", print)
""")
    assert [labels for _, labels in controls(page)] == [
        [r"Switch\ it\ off", r"Switch\ it\ on"],
        [r"Pictures\ of\ .*,\ please"],
        [],
        [r"Do\ it"],
    ]
    assert not is_pressed(r"Switch\ it\ off", {"Switch", "on", "off"} - {"Switch"})
    assert is_pressed(r"Pictures\ of\ .*,\ please", {"Pictures of"})


def test_what_is_made_at_run_time_is_there_and_needs_saying():
    assert not set(MADE) - set(all_controls()), "these controls are gone"
    needless = [name for name in MADE if any(is_pressed(each, all_pressed()) for each in all_controls()[name])]
    assert not needless, "these are found by their own labels"
