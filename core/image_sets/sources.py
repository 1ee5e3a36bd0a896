"""Where pictures come from: a ZIP or a folder, read one file at a time and never unpacked onto the disk."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, cast

from core.image_sets.layouts.encoding import OF_NAMES, TITLES, best_of
from core.image_sets.own_dataset import OwnDataError
from core.image_sets.zip_names import NAMES
from core.images.read import MAX_FILE_BYTES, SUFFIXES, starts_like_a_picture

MOST_FILES = 500_000
MOST_BYTES = int(os.environ.get("TRAINDESK_IMPORT_GB") or 50) * 2**30  # unpacked, all files together
MOST_DIRECTORY = 128 * 2**20  # bytes of a ZIP's list of files: a million names take 80 MB there and 700 MB in memory
MOST_TABLE = 64 * 2**20  # bytes of a CSV with labels
TABLES = frozenset((".csv", ".tsv", ".jsonl"))
NOTES = frozenset((".txt", ".json", ".xml"))  # may say where things are in a picture
PACKED = "files that are packed again"  # unpack them first
ARCHIVES = frozenset((".zip", ".rar", ".7z", ".tar", ".gz", ".tgz"))
HEAD = 32  # bytes that tell a picture whose name has another ending, or none
LONGEST_END = 65_557 + 20  # bytes of a ZIP's end record with the longest comment, and of the locator before it
HIDDEN = frozenset(("thumbs.db", "desktop.ini"))
NEVER = frozenset((".txt", ".json", ".xml", ".md", ".py", ".html", ".pdf", ".yaml", ".yml", ".mp4", ".mov"))


@dataclass(frozen=True)
class SourceFile:
    """One file: where it lies, in parts, how large it says it is, and how it is opened."""

    parts: tuple[str, ...]
    size: int
    open: Callable[[], IO[bytes]]

    @property
    def name(self) -> str:
        """Its path within the source."""
        return "/".join(self.parts)

    def read(self, most: int = MAX_FILE_BYTES + 1) -> bytes:
        """At most so many bytes. Raises OSError, and whatever a damaged archive raises."""
        with self.open() as stream:
            return stream.read(most)

    def read_or_nothing(self, most: int = MAX_FILE_BYTES + 1) -> bytes:
        """The same; nothing of a file that cannot be read."""
        try:
            return self.read(most)
        except Exception:  # damaged archives and unreadable files raise many kinds
            return b""


@dataclass
class Listing:
    """The files of a source that can be of use, and how many of which kind are passed over."""

    pictures: list[SourceFile] = field(default_factory=list)
    tables: list[SourceFile] = field(default_factory=list)
    others: list[SourceFile] = field(default_factory=list)  # texts, by which a detection set is known
    skipped: Counter[str] = field(default_factory=Counter)  # why -> files
    encoding: str = ""  # of the names in an old ZIP, as people call it
    comment: bytes = b""  # of a ZIP
    names: list[bytes] = field(default_factory=list)  # lists of what is called otherwise, the outermost first

    def add(self, entry: SourceFile) -> None:
        """Puts a file where it belongs, by its name, or by its first bytes where its ending says nothing."""
        name = entry.parts[-1] if entry.parts else ""
        suffix = PurePosixPath(name).suffix.lower()
        if not entry.parts or ".." in entry.parts:
            self.skipped["files with a path that leads elsewhere"] += 1
        elif any(part.startswith(".") or part == "__MACOSX" for part in entry.parts) or name.lower() in HIDDEN:
            self.skipped["hidden files"] += 1
        elif name == NAMES and len(entry.parts) <= 2:
            self.names.insert(0 if len(entry.parts) == 1 else len(self.names), entry.read_or_nothing(MOST_TABLE))
        elif suffix in TABLES and entry.size <= MOST_TABLE:
            self.tables.append(entry)
        elif suffix in ARCHIVES:
            self.skipped[PACKED] += 1
        elif suffix.removeprefix(".") in SUFFIXES or (
            suffix not in NEVER and starts_like_a_picture(entry.read_or_nothing(HEAD))
        ):
            self.pictures.append(entry)
        else:
            self.skipped["files that are no pictures"] += 1
            if suffix in NOTES:
                self.others.append(entry)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Listing]:
    """The files of a ZIP, or of a folder on the computer that runs TrainDesk, to be read within the block.

    Raises OwnDataError when it is neither, has too many files or unpacks to too much.
    """
    if not path.is_file():
        yield _of_folder(path)
        return
    check_directory(path)
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # zipfile raises many kinds on damaged files
        raise OwnDataError(f"'{path.name}' is no ZIP file that can be read ({error}); pack it again.") from error
    with archive:
        yield _of_zip(archive, path.name)


def _of_zip(archive: zipfile.ZipFile, name: str) -> Listing:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    codec, encoding = codec_of_names(archive.infolist())
    found = Listing(encoding=encoding, comment=archive.comment)
    for info in infos:
        if stat.S_ISLNK(info.external_attr >> 16):
            found.skipped["links"] += 1
        elif info.flag_bits & 1:
            found.skipped["files with a password"] += 1
        else:
            found.add(SourceFile(_parts(decoded_name(info, codec)), info.file_size, partial(archive.open, info)))
    total = sum(info.file_size for info in infos)
    if total > MOST_BYTES:
        raise OwnDataError(
            f"'{name}' unpacks to {total / 2**30:,.0f} GB; the limit is {MOST_BYTES / 2**30:,.0f} GB "
            "(TRAINDESK_IMPORT_GB), so split it or make the pictures smaller."
        )
    return found


def _of_folder(root: Path) -> Listing:
    """Links are not followed."""
    if not root.is_dir():
        raise OwnDataError(f"There is no folder {root}; check its name.")
    found, seen = Listing(), 0

    def closed(error: OSError) -> None:
        found.skipped["folders that may not be read"] += 1

    for folder, folders, files in os.walk(root, onerror=closed):
        folders[:] = sorted(name for name in folders if not Path(folder, name).is_symlink())
        seen += len(files)
        if seen > MOST_FILES:
            raise OwnDataError(f"{root} has more than {MOST_FILES:,} files; choose a smaller folder.")
        for path in (Path(folder, name) for name in sorted(files)):
            if path.is_symlink() or not path.is_file():
                found.skipped["links"] += 1
            else:
                opening = cast("Callable[[], IO[bytes]]", partial(path.open, "rb"))
                found.add(SourceFile(path.relative_to(root).parts, path.stat().st_size, opening))
    return found


def allowed_folders() -> list[Path]:
    """The folders of this computer from which visitors may bring pictures: TRAINDESK_FOLDERS, separated as in PATH."""
    named = os.environ.get("TRAINDESK_FOLDERS") or ""
    return [Path(part).expanduser().resolve() for part in named.split(os.pathsep) if part.strip()]


def folder_in_bounds(text: str) -> Path:
    """The folder that someone typed, if it lies in one of the allowed ones. Raises OwnDataError."""
    roots = allowed_folders()
    try:
        path = Path(text.strip()).expanduser().resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise OwnDataError(f"'{text[:60]}' is no name of a folder.") from error
    if not any(path.is_relative_to(root) for root in roots):
        allowed = ", ".join(map(str, roots)) or "none so far"
        raise OwnDataError(f"{path} is not in a folder that may be read; those are: {allowed} (TRAINDESK_FOLDERS).")
    if not path.is_dir():
        raise OwnDataError(f"There is no folder {path}; check its name.")
    return path


def _parts(name: str) -> tuple[str, ...]:
    """A path in its parts; of an absolute one or one of Windows what makes it so becomes '..', which is refused."""
    name = name.replace("\\", "/")
    absolute = name.startswith("/") or (len(name) > 1 and name[1] == ":")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    return ("..", *parts) if absolute else parts


def codec_of_names(infos: list[zipfile.ZipInfo]) -> tuple[str, str]:
    """(codec of the names that do not say they are UTF-8, its title if it is another). One program wrote all of them."""
    raw = [
        info.filename.encode("cp437") for info in infos if not info.flag_bits & 0x800 and not info.filename.isascii()
    ]
    joined = b"\n".join(raw)
    try:
        joined.decode("utf-8")
        return "utf-8", ""
    except UnicodeDecodeError:
        codec = best_of(joined, OF_NAMES)
        return codec, TITLES[codec]


def decoded_name(info: zipfile.ZipInfo, codec: str) -> str:
    """The name as whoever packed it wrote it."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    return info.filename.encode("cp437").decode(codec, errors="replace")


def check_directory(path: Path) -> None:
    """Refuses a ZIP whose list of files is too long before it is read into memory. Raises OwnDataError."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            stream.seek(max(0, size - LONGEST_END))
            tail = stream.read()
            place = tail.rfind(b"PK\5\6")
            if place < 0:
                raise OwnDataError(f"'{path.name}' is no ZIP file, or was cut short; pack it again.")
            entries, length = struct.unpack("<HI", tail[place + 10 : place + 16])
            locator = tail[place - 20 : place]
            if locator[:4] == b"PK\6\7":
                stream.seek(struct.unpack("<Q", locator[8:16])[0])
                record = stream.read(56)
                if record[:4] == b"PK\6\6":
                    entries, length = struct.unpack("<QQ", record[32:48])
    except (OSError, struct.error, OverflowError) as error:
        raise OwnDataError(f"'{path.name}' is no ZIP file that can be read ({error}); pack it again.") from error
    if entries > MOST_FILES or length > MOST_DIRECTORY:
        raise OwnDataError(f"'{path.name}' holds {entries:,} files; the limit is {MOST_FILES:,}, so split it.")


def read_all(entries: list[SourceFile]) -> Iterator[tuple[SourceFile, bytes | str]]:
    """Each file's content, or a sentence that says why it cannot be had."""
    for entry in entries:
        if entry.size > MAX_FILE_BYTES:
            yield entry, f"is a file of {entry.size / 2**20:,.0f} MB; the limit is {MAX_FILE_BYTES // 2**20} MB"
            continue
        try:
            yield entry, entry.read()
        except Exception as error:  # damaged archives and vanished files raise many kinds
            yield entry, f"cannot be unpacked ({str(error)[:80] or type(error).__name__})"
