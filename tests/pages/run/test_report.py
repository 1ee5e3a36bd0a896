"""The report card of a run has the figures of its page."""

import re

import numpy as np
import pytest

from core.runs.history import History
from tests.helpers import with_plain_spaces
from tests.pages.apps import open_app, words
from tests.pages.trained import copied, train
from tests.reports import report_of


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data_folder):
    return train(tmp_path_factory.mktemp("trained"), data_folder, epochs=2)


def test_its_figures_are_those_of_the_page(trained, runs_folder, tmp_path, data_folder):
    run = copied(trained, runs_folder)
    app = open_app("run", run=run.id)
    shown = words(app)
    page, text = report_of(run, data_folder, tmp_path / "card.html")

    facts = re.findall(r"<dt>([^<?]+).*?</dt><dd>([^<]+)<small>([^<]+)</small>", shown)
    assert {title.strip() for title, *_ in facts} > {"Test accuracy", "Precision", "Recall", "F1", "Training time"}
    for title, value, more in facts:
        if title.strip() != "Memory":
            said = f"<dt>{title.strip()}</dt><dd>{value}<small>{more}</small>"
            assert said in with_plain_spaces(text), title

    [line] = re.findall(r"\d+ of 360 right\. Mixed up most: .*", shown)
    assert line.replace("**", "") in page.words
    [line] = re.findall(r"On average it says .* points\)\.", shown)
    assert line.replace("**", "") in page.words

    rows = re.findall(r'<th scope="row">(\d)</th><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>', shown)
    [table] = [table for table in page.tables if table[0] == ["Class", "Precision", "Recall", "F1", "Pictures"]]
    assert len(rows) == 10 and [list(cells) for cells in rows] == table[1:]

    [matrix] = [
        table
        for table in page.tables
        if len(table) == 11 and len(table[1]) == 11 and table[0][1:] == list("0123456789")
    ]
    numbers = np.array([[int(cell or 0) for cell in cells[1:]] for cells in matrix[1:]])
    assert numbers.tolist() == History(run).update().test["confusion_matrix"] and numbers.sum() == 360

    card = r'alt="picture (\d+): (\d), taken for (\d)".*?<b>\d</b> ([\d.]+ %)'
    cards = re.findall(card, shown[shown.index("Worst mistakes (") :], re.DOTALL)[:12]
    own = re.findall(r'alt="picture (\d+): (\d), taken for (\d)">.*?<b><bdi>\d</bdi></b> ([\d.]+.%)', text, re.DOTALL)
    assert cards and [each[:3] for each in cards] == [each[:3] for each in own]
    assert [each[3] for each in cards] == [each[3].replace("\u202f", " ") for each in own]


def test_its_curves_are_those_of_the_page(trained, runs_folder, tmp_path, data_folder):
    """The places of the drawn points, read back as numbers, lie on the curves."""
    run = copied(trained, runs_folder)
    history = History(run).update()
    _, text = report_of(run, data_folder, tmp_path / "card.html")
    loss = text[text.index("<svg") : text.index("</svg>")]
    ticks = [
        (float(y), float(value)) for y, value in re.findall(r'y="([\d.]+)" text-anchor="end">([\d.]+)</text>', loss)
    ]
    (low_y, low), (high_y, high) = ticks[0], ticks[-1]
    path = re.search(r'class="training line" d="([^"]+)"', loss)[1]
    drawn = [float(y) for _, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]
    values = [low + (low_y - 3.5 - y) / (low_y - high_y) * (high - low) for y in drawn]
    assert values == pytest.approx(history.losses, abs=0.01 * (high - low)) and len(values) > 1
