"""What is printed is UTF-8 on every system: Windows would take cp1252, which has no word for most names of classes."""

import io
import os
import sys


def print_utf8() -> None:
    """Has this process, and all that it starts from here on, print UTF-8; halves of characters as escapes."""
    os.environ.setdefault("PYTHONUTF8", "1")  # read when a process starts
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
