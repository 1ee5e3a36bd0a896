"""What `access` finds: a page with one fault of each kind, and the same page without any."""

import pytest

from tests.browser.access import faults, moving, without_visible_focus

pytestmark = pytest.mark.browser
FAULTY = """<html lang="de"><style>
    * { font-size: 16px; } button { min-width: 40px; min-height: 40px; }
    #small { all: unset; display: block; width: 20px; height: 40px; } #hidden:focus { outline: none; }
    i { display: block; height: 9px; animation: turn 2s infinite; } @keyframes turn { to { opacity: .5; } }</style>
    <h1>One</h1><h3>Three</h3><button id="small">s</button><button></button><button id="hidden">No ring</button><i></i>
    <p>A <a href="#">link</a> within words</p><iframe></iframe><canvas></canvas>
    <div class="js-plotly-plot" aria-label="Loss">-</div></html>"""
SOUND = """<html lang="en"><style>button { min-width: 40px; min-height: 40px; }</style>
    <h1>One</h1><h2>Two</h2><button>Press</button><p>A <a href="#">link</a> within words</p>
    <iframe title="Film"></iframe><canvas aria-label="Sheet"></canvas>
    <div class="charted"><div class="js-plotly-plot" aria-label="Loss" aria-describedby="said">-</div>
    <p id="said">It falls.</p><button popovertarget="numbers">Table</button><div id="numbers" popover></div></div></html>"""


def test_one_fault_of_each_kind_is_found_and_none_where_there_is_none(visit):
    page = visit().page
    page.set_content(FAULTY)
    rules = [rule for rule, _ in faults(page)]
    assert sorted(rules) == [
        "language",
        "name",
        "name of a canvas",
        "order of headings",
        "sentence and table of a chart",
        "target of 24 x 24",
        "title of a frame",
    ]
    assert without_visible_focus(page) == ["button s", "button No ring"]
    assert len(moving(page)) == 1
    page.set_content(SOUND)
    assert faults(page) == [] and without_visible_focus(page) == [] and moving(page) == []
