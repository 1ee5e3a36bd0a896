"""What a page owes to people who use a keyboard, a finger or a screen reader, beyond what axe-core looks at."""

from __future__ import annotations

import time

from playwright.sync_api import Page

from tests.browser.hands import barriers

EVERYWHERE = """
const inside = (root) =>
    [...root.querySelectorAll("*")].flatMap((each) => [each, ...(each.shadowRoot ? inside(each.shadowRoot) : [])]);
const all = inside(document);
const isShown = (each) => {
    const box = each.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && each.checkVisibility({ visibilityProperty: true, opacityProperty: true })
        && !each.closest("[aria-hidden=true]");
};
const named = (each) =>
    (each.getAttribute("aria-label") || each.innerText || each.title || each.querySelector("img")?.alt || "").trim();
const told = (each) => `${each.tagName.toLowerCase()} ${named(each).slice(0, 50) || each.outerHTML.slice(0, 90)}`;
const pressed = "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=tab], [role=slider]";
const targets = all.filter((each) => isShown(each) && !each.disabled && each.matches(`${pressed}, [tabindex="0"]`));
"""
FAULTS = f"""() => {{ {EVERYWHERE}
    const found = [];
    const note = (rule, elements) => found.push(...elements.map((each) => [rule, told(each)]));
    if (document.documentElement.lang !== "en") found.push(["language", document.documentElement.lang]);
    const isSmall = (each) => {{
        const boxes = [each, each.closest("label")].filter(Boolean).map((part) => part.getBoundingClientRect());
        const isInSentence = each.matches("p a, li a, .quiet a") && getComputedStyle(each).display === "inline";
        return !isInSentence && ["width", "height"].some((side) => Math.max(...boxes.map((box) => box[side])) < 23.9);
    }};
    note("target of 24 x 24", targets.filter(isSmall));
    note("name", targets.filter((each) => each.matches("a, button, summary, [role=button]")
        && (!named(each) || each.querySelector("[data-testid=stIconMaterial]")?.innerText === named(each))));
    const headings = all.filter((each) => /^H[1-6]$/.test(each.tagName) && isShown(each));
    const level = (each) => Number(each.tagName[1]);
    note("order of headings", headings.filter((each, place) => level(each) > (place ? level(headings[place - 1]) : 0) + 1));
    note("title of a frame", all.filter((each) => each.matches("iframe") && !each.title));
    note("name of a canvas", all.filter((each) => each.matches("canvas") && isShown(each) && !named(each)));
    note("sentence and table of a chart", all.filter((each) => each.matches(".js-plotly-plot") && isShown(each)
        && !(named(each) && each.closest(".charted")?.contains(document.getElementById(each.getAttribute("aria-describedby")))
            && each.closest(".charted").querySelector("p").innerText
            && each.closest(".charted").querySelector("button").popoverTargetElement)));
    return found;
}}"""
BRIGHTNESS = (
    "Math.max(...getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor.match(/\\d+/g))"
)
LOOKS = ("outline", "boxShadow", "borderColor", "backgroundColor", "textDecorationLine")
UNSEEN_FOCUS = f"""async () => {{ {EVERYWHERE}
    const still = new CSSStyleSheet();
    still.replaceSync("*, *::before, *::after {{ transition: none !important; }}");
    const roots = [document, ...all.map((each) => each.shadowRoot).filter(Boolean)];
    for (const root of roots) root.adoptedStyleSheets = [...root.adoptedStyleSheets, still];
    const looks = (each) => {{
        const found = [];
        for (let part = each, up = 0; part && up < 5; part = part.parentElement, up += 1) {{
            const style = getComputedStyle(part);
            found.push({list(LOOKS)}.map((name) => name === "outline" && style.outlineStyle === "none" ? "" : style[name]));
        }}
        return JSON.stringify(found);
    }};
    const frames = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const isUnseen = async (each, wait) => {{
        document.activeElement?.blur();
        await wait();
        const before = looks(each);
        each.focus({{ preventScroll: true, focusVisible: true }});
        await wait();
        return each.isConnected && each.matches(":focus") && looks(each) === before;
    }};
    const first = [], unseen = [];
    for (const each of targets) if (each.tabIndex >= 0 && await isUnseen(each, () => null)) first.push(each);
    for (const each of first) if (await isUnseen(each, frames)) unseen.push(told(each)); // what React draws comes a moment later
    document.activeElement?.blur();
    for (const root of roots) root.adoptedStyleSheets = root.adoptedStyleSheets.filter((each) => each !== still);
    return unseen;
}}"""
MOVING = f"""() => {{ {EVERYWHERE}
    const seconds = (text) => Math.max(...text.split(",").map(parseFloat));
    return all.filter((each) => isShown(each)).filter((each) => {{
        const style = getComputedStyle(each);
        const isAnimated = style.animationName !== "none" && seconds(style.animationDuration) > 0.01;
        return isAnimated || seconds(style.transitionDuration) > 0.01;
    }}).map(told);
}}"""


def faults(page: Page) -> list[tuple[str, str]]:
    """(rule, element): no language, a target below 24 x 24 pixels (WCAG 2.2, 2.5.8; links within a sentence may be smaller), a
    control without a name or with an icon's, a heading that leaves out a level, a frame or canvas without a name, and a chart
    without its sentence and table; and goes on finding, as a part may be drawn anew at that moment."""
    end = time.monotonic() + 5
    while (found := page.evaluate(FAULTS)) and time.monotonic() < end:
        page.wait_for_timeout(100)
    return [(rule, element) for rule, element in found]


def without_visible_focus(page: Page) -> list[str]:
    """Controls that look the same with the keyboard's focus as without."""
    page.keyboard.press("Tab")  # from here on a focus is one of the keyboard
    return page.evaluate(UNSEEN_FOCUS)


def unreadable_in_the_dark(page: Page) -> list[tuple[str, str]]:
    """What `barriers` says of the contrast in dark colours, which stay."""
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{BRIGHTNESS} < 100")
    return barriers(page, contrast_only=True)


def moving(page: Page) -> list[str]:
    """What moves in spite of a wish for less motion."""
    return page.evaluate(MOVING)
