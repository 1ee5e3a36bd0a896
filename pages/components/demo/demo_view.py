"""The demo's page: what is told, both networks' numbers and curves while they learn, and the canvas at the end."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.analysis.story import Learner, told
from core.datasets.thumbnails import first_pictures
from core.demo import EPOCHS, TITLES, Demo, DemoRuns, configs, made_by, remove, running, shown, start_demo
from core.paths import data_folder, runs_folder
from core.runs.history import History
from core.runs.snapshots import SnapshotStore
from core.runs.store import Run
from core.text.numbers import percent
from core.workers.launch import prepare
from pages.components.charts.curves import Axis, metric_curve
from pages.components.charts.live_plot import live_plot
from pages.components.classify.networks import Network, networks_of
from pages.components.classify.ways import draw_drawing
from pages.components.run.watch_view import probe_cards
from pages.components.shell.announce import announce
from pages.components.shell.classifiers import warm_up
from pages.components.shell.histories import shared_history
from pages.components.shell.html_parts import gallery, picture
from pages.components.shell.links import DATA, DEMO, TRAIN, compare_page, page_link, switch_page
from pages.components.shell.messages import errors_shown, show_warning
from pages.components.shell.number_words import count, plain_markdown
from pages.components.shell.rights import demo_owner, visitor
from pages.components.shell.widgets import action, pressed, redrawn

WATCH = "Watch the demo that runs"
REFRESH_SECONDS = 0.7
PARTS = {
    "MLP": "Takes a picture as a list of 784 numbers. It does not know which of them are beside each other.",
    "CNN": "Moves small windows over the picture. A stroke that it has learned it finds wherever it is.",
    "You": "At the end you write a digit, and both say what they read.",
}
COLOURS = (3, 2)  # places in the theme's chart colours; blue and orange mean train and val
EVERY = 3  # of the twelve probe images that are shown


def start_demo_button(key: str, label: str = "Start the 60-second demo", primary: bool = True) -> None:
    """One click: both networks begin, and the page that shows them is opened. While a demo runs, that one is offered; how far it
    is say the page of the demo and the cards of its runs, which move."""
    if running(runs_folder()):
        page_link(DEMO, label=WATCH, icon=":material/visibility:")
        st.caption("A demo runs already. It takes about a minute; then you can draw for both networks.")
        return
    prepare()
    if not pressed(label, type="primary" if primary else "secondary", icon=":material/play_circle:", key=key):
        return
    with errors_shown():
        try:
            start_demo(runs_folder(), data_folder(), visitor())
        except DemoRuns as other:  # someone else was faster
            show_warning(other)
            page_link(DEMO, label=WATCH, icon=":material/visibility:")
        else:
            switch_page(DEMO)


def draw_demo() -> None:
    """Whoever comes finds the demo that runs, else the newest one that is over."""
    demo = shown(runs_folder(), demo_owner())
    moves = demo is not None and demo.moves()
    st.title("Your turn" if demo and not moves else "Two networks learn to read")
    if not demo:
        st.markdown(
            "An **MLP** and a **CNN**, the plainest network and the one made for pictures, learn the same handwritten digits "
            "side by side. You see every step of it, and then you write a digit for them. It takes a minute and no internet."
        )
        start_demo_button("start demo")
        _draw_what_comes()
        return
    if moves:
        redrawn(lambda: demo, Demo.moves, _draw_moving, REFRESH_SECONDS)
    else:
        histories, learners = _now(demo)
        _tell(learners)
        _draw_canvas(demo.runs)
        st.header("How they learned")
        _draw_learning(demo.runs, histories, learners)
    _draw_ways(demo, moves)


def _draw_what_comes() -> None:
    """What is learned, by whom, and what comes after."""
    digits = first_pictures(configs()[0].dataset, data_folder())
    tiles = "".join(picture(pixels, "") for pixels in digits)
    st.html(f'<div class="ten line" role="img" aria-label="Handwritten digits, which both learn">{tiles}</div>')
    for place, (title, words) in zip(st.columns(len(PARTS)), PARTS.items(), strict=True):
        with place, st.container(border=True, height="stretch"):
            st.markdown(f"## {title}\n{words}")


def _draw_moving(demo: Demo) -> None:
    histories, learners = _now(demo)
    if any(learner.progress for learner in learners):
        warm_up()  # the drawing comes soon
    _tell(learners)
    _draw_learning(demo.runs, histories, learners)


def _now(demo: Demo) -> tuple[list[History], list[Learner]]:
    histories = [shared_history(run).history for run in demo.runs]
    return histories, [
        Learner.of(title, run.status().name, history)
        for title, run, history in zip(TITLES, demo.runs, histories, strict=True)
    ]


def _tell(learners: list[Learner]) -> None:
    words = told(*learners)
    st.html(f'<p class="told">{escape(words)}</p>')
    with st.container(key="announce-demo"):
        announce(words, "announce demo")


def _draw_learning(runs: list[Run], histories: list[History], learners: list[Learner]) -> None:
    """The chart, whose axes stand still from the start, and beside it both networks."""
    planned = max((history.started or {}).get("epochs", EPOCHS) for history in histories)
    chart, both = st.columns([7, 5], gap="medium")
    tested = all(learner.test is not None for learner in learners)
    with both:
        parts = [
            f'{_head(learner, tested, history.started)}<div class="demopictures">{_watched(run, history.started)}</div>'
            for learner, run, history in zip(learners, runs, histories, strict=True)
        ]
        st.html("".join(parts))
    with chart:
        live_plot(
            lambda: [
                metric_curve(history, "val/accuracy", title, Axis(), colour)
                for title, history, colour in zip(TITLES, histories, COLOURS, strict=True)
            ],
            key=f"demo {runs[0].id}",
            title="Right on pictures they never train on",
            view=runs[0].id,
            is_share=True,
            x_limits=(0, planned),
            legend_below=True,
            height=360,
        )


def _head(learner: Learner, tested: bool, started: dict | None) -> str:
    """HTML: the name, how much it reads, and how far it is. The test counts once both have passed it, as in what is told."""
    shown = learner.test if tested else learner.accuracy
    words = "of the test digits" if tested else "of the validation digits" if shown is not None else "not asked yet"
    done = 100.0 if tested else learner.progress * 100
    return (
        f'<div class="learner"><h2>{escape(learner.title)}</h2><p><b>{percent(shown)}</b> '
        f'<span>{words}</span></p></div><div class="learning" role="progressbar" aria-label="Training of the {learner.title}" '
        f'aria-valuenow="{done:.0f}"><span style="width:{done:.1f}%"></span></div>'
        f'<p class="quiet">{_progress_words(learner, started)}</p>'
    )


def _progress_words(learner: Learner, started: dict | None) -> str:
    epochs = (started or {}).get("epochs")
    if not epochs:
        return {"queued": "waits for room"}.get(learner.status, "is being set up")
    weights = (started or {}).get("parameters")
    size = f", {weights:,} weights" if weights else ""
    return f"epoch {min(learner.epoch + 1, epochs)} of {epochs}{size}"  # the one it is in


def _watched(run: Run, started: dict | None) -> str:
    """HTML: some of the probe images, with what the network says of them; a place for them while there are none."""
    names = list((started or {}).get("class_names", []))
    store = SnapshotStore(run)
    probe, epochs = store.probe_images(), store.epochs()
    snapshot = store.read(epochs[-1]) if epochs else None
    if probe is None or snapshot is None or snapshot.probabilities.shape != (len(probe.labels), len(names)):
        return '<p class="quiet">What it says of four pictures appears here.</p>'
    cards = probe_cards(probe, snapshot, names)[::EVERY]
    return gallery(cards, f"What it says after epoch {epochs[-1]}", small=True)


def _draw_canvas(runs: list[Run]) -> None:
    """Both answer what is drawn."""
    titles = {run.id: title for run, title in zip(runs, TITLES, strict=True)}
    networks = [
        Network(network.run, titles[network.run.id])
        for network in networks_of([run for run in runs if run.checkpoint()])
    ]
    if networks:
        with st.container(key="demo-canvas"):
            draw_drawing(networks, is_short=True)


def _draw_ways(demo: Demo, moves: bool) -> None:
    """Again, away with it, and where to go from here."""
    if not moves:
        st.header("And now?")
        with st.container(horizontal=True, vertical_alignment="center"):
            start_demo_button("replay demo", "Replay", primary=False)
            page_link(
                compare_page(run.id for run in demo.runs), label="Compare the two", icon=":material/compare_arrows:"
            )
            page_link(TRAIN, label="Change something and train", icon=":material/tune:")
            page_link(DATA, label="Use your own pictures", icon=":material/photo_library:")
    made = made_by(runs_folder(), demo_owner())
    if not made:
        return
    with st.popover("Reset the demo", icon=":material/restart_alt:", key="reset demo"):
        names = plain_markdown(f"{count(len(made), 'run')}")
        st.markdown(f"{names} that the demo made will be ended and moved to the trash. Nothing else is touched.")
        action("Yes, reset it", lambda: remove(runs_folder(), demo_owner()), type="primary", key="yes reset demo")
