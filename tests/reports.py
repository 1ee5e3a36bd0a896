"""Report cards read again by tests."""

from html.parser import HTMLParser
from pathlib import Path

from core.export.report.report import write_report
from tests.helpers import with_plain_spaces
from tests.saved import quiet

VOID = ("meta", "link", "img", "br", "path", "circle", "polygon")


class Page(HTMLParser):
    """What a browser would make of it: its words without style, its tables, its elements, and whatever it would fetch."""

    def __init__(self, text: str):
        super().__init__()
        self.words, self.tables, self.elements = "", [], []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.words = with_plain_spaces(" ".join(self.words.split()))
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, f"{tag} is closed where another is open"
        self.words += "" if tag in ("b", "bdi", "i", "span") else " "

    def handle_data(self, data):
        if "style" in self._open:
            return
        self.words += data
        if {"td", "th"} & set(self._open):
            self.tables[-1][-1][-1] += with_plain_spaces(data)

    def addresses(self) -> list[str]:
        """Of all that it names."""
        return [
            value for _, found in self.elements for name, value in found.items() if name in ("src", "href", "action")
        ]


def report_of(run, data_folder: Path, place: Path) -> tuple[Page, str]:
    """The page as written, and its text."""
    write_report(run, place, "", data_folder, quiet)
    text = place.read_text(encoding="utf-8")
    return Page(text), text
