"""What reaches the browser of a chart."""

import pytest

from pages.components.charts import heatmap, parallel


@pytest.fixture
def drawn(monkeypatch):
    """(traces, layout, options) of each picture."""
    found = []

    def figure(traces, layout, **options):
        found.append((traces, layout, options))

    for module in (heatmap, parallel):
        monkeypatch.setattr(module, "figure", figure)
    return found
