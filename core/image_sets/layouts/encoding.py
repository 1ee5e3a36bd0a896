"""Which encoding old tables and the names in old ZIPs are in, told from the letters that each would give.

General detectors need paragraphs; here there is often one word. So every candidate is tried, and the one whose letters stand
as people write them wins: accents among Latin letters, Cyrillic in small letters, common Chinese characters.
"""

from __future__ import annotations

from itertools import pairwise

TITLES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252 (Western European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "gb18030": "GBK (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp932": "Shift-JIS (Japanese)",
    "cp437": "IBM 437 (DOS)",
}
OF_TEXT = ("cp1252", "gb18030", "cp1251", "big5", "cp932")
OF_NAMES = ("cp437", *OF_TEXT)  # what ZIPs are in by their own rules comes first
TRIED = 64_000  # bytes that are looked at
ACCENTED = frozenset("äöüßéèêëàâçñáíóúøæåôîïùûãõìòýœÄÖÜÉÈÊÀÂÇÑÁÍÓÚØÆÅÔÎŒ")


def decoded(data: bytes, candidates: tuple[str, ...] = OF_TEXT) -> tuple[str, str]:
    """(text, its encoding as people call it; "" for UTF-8, which needs no word). Never raises: what fits nowhere becomes �."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            text = data[len(mark) :].decode(name, errors="replace")
            return text, "" if name == "utf-8" else TITLES[name]
    zeros = data[:TRIED].count(0)
    if zeros > len(data[:TRIED]) / 5:  # a table in UTF-16 is mostly ASCII, every second byte 0
        name = "utf-16-le" if data[1:TRIED:2].count(0) > data[0:TRIED:2].count(0) else "utf-16-be"
        return data.decode(name, errors="replace"), TITLES[name]
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        name = best_of(data, candidates)
        return data.decode(name, errors="replace"), TITLES[name]


def best_of(data: bytes, candidates: tuple[str, ...]) -> str:
    """The candidate whose letters look most like words; the first of equals."""
    lines = data.splitlines(keepends=True)
    foreign, size = [], 0
    for line in lines:
        if size < TRIED and not line.isascii():
            foreign.append(line)
            size += len(line)
    sample = b"".join(foreign) or data[:TRIED]
    return max(candidates, key=lambda name: _sense(sample, name))


def _sense(data: bytes, name: str) -> float:
    """0 to 1: how much of what is not ASCII stands as people write it; -1 where it cannot be decoded."""
    try:
        text = data.decode(name)
    except UnicodeDecodeError:
        return -1.0
    around = f" {text} "
    marks = [
        _letter(before, letter, after)
        for (before, letter), (_, after) in pairwise(pairwise(around))
        if not letter.isascii()
    ]
    return sum(marks) / len(marks) if marks else 0.0


def _letter(before: str, letter: str, after: str) -> float:
    beside = [each for each in (before, after) if each.isalpha()]
    if letter in ACCENTED:
        return sum(each.isascii() for each in beside) / len(beside) if beside else 0.0
    if "\u0400" <= letter <= "\u045f":
        if any(each.isascii() for each in beside):
            return 0.0
        if letter.islower():
            return 1.0
        return 0.5 if not before.isalpha() else 0.1
    if "\u3040" <= letter <= "\u30ff":  # kana
        return 1.0
    if "\u4e00" <= letter <= "\u9fff":
        try:
            return 0.95 if 0xB0 <= letter.encode("gb2312")[0] <= 0xD7 else 0.3  # the 3,755 most common
        except UnicodeEncodeError:
            return 0.6 if b"\xa4" <= letter.encode("big5", "ignore")[:1] <= b"\xc6" else 0.2  # common in Taiwan
    return 0.0
