"""The canvas under real hands: it stays where it is, one pointer draws at a time, and the answer is in the same screen."""

import math

import pytest
from playwright.sync_api import expect

from tests.browser.access import unreadable_in_the_dark
from tests.browser.hands import barriers, draw_with_mouse, press
from tests.drawings import draw_digit
from tests.helpers import wait_until
from tests.pages.trained import copied, train

pytestmark = pytest.mark.browser

SIZES = {
    name: {"width": width, "height": height}
    for name, width, height in (("projector", 1280, 720), ("laptop", 1440, 900), ("phone", 390, 844))
}
INVITATION = "Draw a digit in the box."
WATCH = """(canvas) => {  // every place at which a frame showed it
    const page = document.querySelector('[data-testid=stMain]');
    const isWatched = window.watched === canvas;
    window.watched = canvas;
    window.places = new Set();  // of the page
    window.tops = new Set();  // of the window
    const look = () => {
        if (window.watched !== canvas) return;
        const top = canvas.getBoundingClientRect().top;
        window.places.add(Math.round(top + page.scrollTop));
        window.tops.add(Math.round(top));
        requestAnimationFrame(look);
    };
    if (!isWatched) look();
}"""
SAY = """(canvas, events) => {  // [type, pointerId, pointerType, x, y] in shares of the canvas
    const box = canvas.getBoundingClientRect();
    for (const [type, pointerId, pointerType, x, y] of events) {
        const buttons = type === 'pointerdown' || type === 'pointermove' ? 1 : 0;
        canvas.dispatchEvent(new PointerEvent(type, { pointerId, pointerType, buttons, bubbles: true, cancelable: true,
            isPrimary: true, clientX: box.left + x * box.width, clientY: box.top + y * box.height }));
    }
}"""
INK = """(canvas) => {  // where there is ink, in tenths of the side: "34" is row 3, column 4
    const found = [], { width, height } = canvas, step = width / 10;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    for (let row = 0; row < 10; row++) for (let column = 0; column < 10; column++) {
        const at = (Math.floor((row + .5) * step) * width + Math.floor((column + .5) * step)) * 4;
        if (data[at + 3] > 128) found.push(`${row}${column}`);
    }
    return found.join(' ');
}"""
TO_TOP = "document.querySelector('[data-testid=stMain]').scrollTo(0, 0)"
FIRST_IS = """(name) => {  // of the classes that are seen, from top to bottom
    const rows = [...document.querySelectorAll('.bars li')].filter((row) => row.offsetParent);
    const top = (row) => row.getBoundingClientRect().top;
    return rows.sort((one, other) => top(one) - top(other))[0]?.querySelector('.name').textContent === name;
}"""


@pytest.fixture(scope="module")
def digits(tmp_path_factory, data_folder):
    return train(tmp_path_factory.mktemp("digits"), data_folder, epochs=8, title="Reads digits")


@pytest.fixture(scope="module")
def address(server, digits):
    return f"{server.url}/classify?run={copied(digits, server.runs).id}"


@pytest.fixture
def open_desk(at, window, address):
    """Opens the page with nothing drawn, unless it is open and no size matters, and leaves it so: a drawing outlives a change of
    the page."""
    page = window.page

    def opened(size="", view=""):
        if size or page.url != address + view:
            at(address + view, SIZES[size or "projector"])
        else:
            page.set_viewport_size(SIZES["projector"])
            page.mouse.move(0, 0)
            page.evaluate(TO_TOP)
        nothing_drawn(page)
        return page

    yield opened
    nothing_drawn(page)


def nothing_drawn(page):
    """Whatever was: it is there a moment after the page, which until then invites to draw."""
    clear, invitation = page.get_by_role("button", name="Clear"), page.get_by_text(INVITATION)
    expect(clear).to_be_visible()
    press(clear, lambda: clear.is_disabled() and invitation.is_visible())


def canvas_of(page):
    return page.get_by_role("img", name="Drawing area")


def bottom(locator):
    """Of what is being drawn anew nowhere yet."""
    box = locator.bounding_box()
    return box["y"] + box["height"] if box else math.inf


def stroke(pointer, kind, *spots):
    """Events of one pointer from its first to its last spot."""
    events = [["pointermove", pointer, kind, *spot] for spot in spots]
    return [["pointerdown", *events[0][1:]], *events[1:], ["pointerup", *events[-1][1:]]]


def answered(page, digit):
    """The answer stands in the bars, also where they are below the screen."""
    expect(page.locator(".bars .winner .name").first).to_have_text(str(digit))


@pytest.mark.parametrize("size", ["projector", "phone"])
def test_canvas_and_answer_are_in_one_screen_and_the_canvas_stays_also_on_a_scrolled_page(open_desk, size):
    page = open_desk(size)
    height, canvas = SIZES[size]["height"], canvas_of(page)
    place = canvas.bounding_box()
    canvas.evaluate(WATCH)
    draw_with_mouse(page, 0)
    answered(page, 0)
    said = page.locator("p.line") if size == "phone" else page.locator(".bars .winner")
    wait_until(lambda: bottom(said.first) <= (place["y"] if size == "phone" else height))
    wait_until(lambda: bottom(page.get_by_role("button", name="Clear")) <= height)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text(INVITATION)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    answered(page, 0)
    page.get_by_role("radio", name="Break it").click()
    expect(page.get_by_role("slider", name="Invert")).to_be_visible()
    assert page.evaluate("[...window.places]") == [round(place["y"])], "it has been nowhere else on the page"
    wait_until(lambda: canvas.bounding_box()["width"] == place["width"])

    page.get_by_role("radio", name="What it sees").click()
    expect(page.get_by_text("ink found")).to_be_visible()
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 1e6)")
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop > 0")
    scrolled = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    top = canvas.bounding_box()["y"]
    canvas.evaluate(WATCH)
    page.keyboard.press("Delete")
    expect(page.get_by_text("Here it stands as soon as there is a picture.")).to_be_attached()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("ink found")).to_be_visible()
    assert page.evaluate("[...window.tops]") == [round(top)]
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == scrolled
    wait_until(lambda: page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight") >= tall)

    if size == "projector":
        page.set_viewport_size(SIZES["laptop"])
        page.evaluate(TO_TOP)
        for part in (said.first, page.get_by_role("button", name="Clear")):
            wait_until(lambda part=part: 0 < bottom(part) <= SIZES["laptop"]["height"], what=str(part))


def test_one_undo_takes_back_a_clear_and_redo_repeats_it(open_desk):
    page = open_desk()
    canvas, undo, redo, clear = (
        canvas_of(page),
        *(page.get_by_role("button", name=name) for name in ("Undo", "Redo", "Clear")),
    )
    for x in (0.25, 0.55, 0.85):
        canvas.evaluate(SAY, stroke(1, "mouse", (x, 0.15), (x, 0.85)))
    three = canvas.evaluate(INK)
    assert {"52", "55", "58"} <= set(three.split())
    clear.click()
    wait_until(lambda: canvas.evaluate(INK) == "")
    undo.click()
    wait_until(lambda: canvas.evaluate(INK) == three)
    page.keyboard.press("Control+y")
    assert canvas.evaluate(INK) == "" and clear.is_disabled()
    page.keyboard.press("Control+z")
    undo.click()
    wait_until(lambda: "58" not in canvas.evaluate(INK) and "55" in canvas.evaluate(INK))
    redo.click()
    wait_until(lambda: canvas.evaluate(INK) == three)
    undo.click()
    canvas.evaluate(SAY, stroke(1, "mouse", (0.65, 0.15), (0.65, 0.85)))
    wait_until(lambda: redo.is_disabled() and "56" in canvas.evaluate(INK))


def test_a_palm_a_second_finger_and_a_hovering_mouse_do_not_join_a_stroke(open_desk):
    page = open_desk()
    canvas = canvas_of(page)
    expect(page.locator(".bars li")).to_have_count(10)
    finger = stroke(5, "touch", (0.25, 0.25), (0.25, 0.45), (0.25, 0.65))
    second = stroke(6, "touch", (0.85, 0.85), (0.75, 0.85))
    mouse = ["pointermove", 1, "mouse", 0.85, 0.15]
    canvas.evaluate(SAY, [*finger[:2], *second, mouse, *finger[2:]])
    wait_until(lambda: canvas.evaluate(INK) == "22 32 42 52 62")
    page.get_by_role("button", name="Clear").click()
    palm = stroke(7, "touch", (0.85, 0.85), (0.75, 0.85), (0.55, 0.85))
    pen = stroke(8, "pen", (0.25, 0.25), (0.25, 0.65))
    canvas.evaluate(
        SAY, [*palm[:2], pen[0], palm[2], *pen[1:], *stroke(9, "touch", (0.85, 0.55), (0.75, 0.55)), palm[3]]
    )
    wait_until(lambda: canvas.evaluate(INK) == "22 32 42 52 62")
    page.get_by_role("button", name="Undo").click()
    wait_until(lambda: canvas.evaluate(INK) == "", what="the palm is no step of its own")
    page.get_by_role("button", name="Undo").click()
    wait_until(lambda: canvas.evaluate(INK) == "22 32 42 52 62", what="what was cleared before")


def test_two_fingers_on_a_phone_draw_one_stroke(visit, address):
    page = visit(SIZES["phone"], has_touch=True, is_mobile=True).page
    page.goto(address)
    expect(page.get_by_text(INVITATION)).to_be_visible()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    canvas = canvas_of(page)
    box = canvas.bounding_box()
    touch = page.context.new_cdp_session(page)
    at = lambda finger, x, y: {"id": finger, "x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}  # noqa: E731
    send = lambda kind, *points: touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})  # noqa: E731
    send("touchStart", at(0, 0.25, 0.25))
    send("touchMove", at(0, 0.25, 0.45))
    send("touchStart", at(0, 0.25, 0.45), at(1, 0.85, 0.85))
    send("touchMove", at(0, 0.25, 0.65), at(1, 0.75, 0.85))
    send("touchEnd")
    page.wait_for_function(f"([canvas]) => ({INK})(canvas) === '22 32 42 52 62'", arg=[canvas.element_handle()])
    undo.click()
    expect(undo).to_be_disabled()


def test_the_presenter_view_shows_canvas_answer_and_five_classes_at_once(open_desk):
    page = open_desk(view="&view=presenter")
    draw_with_mouse(page, 0)
    answered(page, 0)
    wait_until(lambda: canvas_of(page).bounding_box()["width"] >= 556)
    shown = page.locator(".bars li").filter(visible=True)
    expect(shown).to_have_count(5)
    page.wait_for_function(FIRST_IS, arg="0")  # the likeliest stands first
    for part in (page.locator(".bars"), page.locator(".bars + .sees"), page.get_by_role("button", name="Clear")):
        wait_until(lambda part=part: (box := part.bounding_box()) and box["y"] + box["height"] <= 720, what=str(part))
    wait_until(lambda: page.locator(".answer b").evaluate("said => parseFloat(getComputedStyle(said).fontSize)") >= 72)
    page.locator(".bars").evaluate(
        "bars => bars.classList.add('unknown')"
    )  # as for what looks like nothing that it learned
    assert barriers(page) == [] and unreadable_in_the_dark(page) == []


def test_picking_one_of_many_uploads_moves_nothing_and_coming_back_the_drawing_is_there(open_desk, tmp_path):
    page = open_desk()
    draw_with_mouse(page, 0)
    answered(page, 0)
    page.get_by_role("radio", name="Upload").click()
    files = []
    for digit in (3, 0, 7, 1):
        draw_digit(digit).save(tmp_path / f"{digit}.png")
        files.append(tmp_path / f"{digit}.png")
    page.locator("input[type=file]").set_input_files(files)
    tiles = page.get_by_role("group", name="Pictures").get_by_role("button")
    expect(tiles).to_have_count(4)
    expect(page.locator(".st-key-source-upload").get_by_text("4 pictures answered.")).to_be_visible()
    places = [tile.bounding_box() for tile in tiles.all()]
    zero = page.get_by_role("button", name="0.png").last
    zero.click()
    answered(page, 0)
    expect(zero).to_have_attribute("aria-pressed", "true")
    wait_until(lambda: [tile.bounding_box() for tile in tiles.all()] == places)
    page.get_by_text("The least sure first").click()
    expect(tiles).to_have_count(4)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 5
    page.get_by_role("radio", name="Draw").click()
    answered(page, 0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(INVITATION)).to_be_visible()
