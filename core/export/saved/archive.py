"""A saved run as a stranger may have made it: looked through before anything of it is written, then read part by part, each held
against its checksum. Nothing in it is ever unpickled or run."""

from __future__ import annotations

import contextlib
import hashlib
import pickletools
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO

from core.errors import TrainDeskError
from core.export.saved.run_parts import MOST_FILES, most_bytes
from core.files import parse_json
from core.image_sets.sources import MOST_FILES as MOST_PICTURES
from core.image_sets.sources import check_directory
from core.images.read import MAX_FILE_BYTES
from core.settings.stored import stored_as
from core.text.numbers import bytes_in_words
from core.text.typed import clean_line

ENDING = ".traindesk"
FORMAT = 1
MANIFEST, RUN, PICTURES = "manifest.json", "run/", "pictures/"
TABLE = f"{PICTURES}table.jsonl"
MOST_MANIFEST = 128 * 2**20  # bytes: 500,000 pictures take half of that
MOST_TABLE = 2**30  # bytes: 500,000 pictures take half of that
MOST_RATIO = 100  # unpacked to packed bytes, of what is larger than SMALL: a log packs to a tenth
SMALL = 2**20
CHUNK = 2**20
QUOTED = 40  # characters of a foreign name
_PICTURE = re.compile(rf"{PICTURES}\d{{1,9}}\.(png|jpg|gif|bmp|webp|tif|avif|heic)", re.ASCII)
_NETWORK_NEEDS = re.compile(
    r"torch( [A-Z][A-Za-z]*Storage|\._utils _rebuild_(tensor_v2|parameter)| (b?float|u?int|complex)\d+| bool)"
)
_PLAIN = {"collections OrderedDict", "_codecs encode"}
_DAMAGE = (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, NotImplementedError, MemoryError)


class NotARun(TrainDeskError):
    """A file that is no run that TrainDesk saved, or not all of one."""


@dataclass(frozen=True)
class Manifest:
    """What the file says of itself."""

    format: int = 0
    what: str = ""
    version: str = ""  # of the TrainDesk that saved it
    run: str = ""  # its id there
    status: str = ""  # when it was saved
    pictures: int = 0  # of the dataset, that are in the file
    files: dict[str, tuple[int, str]] = field(default_factory=dict)  # name -> bytes, SHA-256 in hex


@dataclass(frozen=True)
class SavedFile:
    """One that has been looked through, open for reading."""

    name: str
    manifest: Manifest
    archive: zipfile.ZipFile

    @property
    def size(self) -> int:
        """Bytes of all that is in it."""
        return sum(size for size, _ in self.manifest.files.values())

    def names(self, folder: str) -> list[str]:
        """Of the files in RUN or PICTURES."""
        return [name for name in self.manifest.files if name.startswith(folder)]

    def digest(self) -> str:
        """Of what the run has learned and done, whatever people call it."""
        told = sorted((name, seen) for name, (_, seen) in self.manifest.files.items() if name.startswith(RUN))
        return hashlib.sha256(repr([each for each in told if not each[0].endswith("labels.json")]).encode()).hexdigest()

    def copy(self, name: str, target: BinaryIO) -> None:
        """Writes one of its files there. Raises NotARun where it is damaged, and what the target raises."""
        said, digest = self.manifest.files[name], hashlib.sha256()
        with self._opened(name) as stream:
            while chunk := self._read(stream, name, CHUNK):
                digest.update(chunk)
                target.write(chunk)
        if digest.hexdigest() != said[1]:
            raise self.damaged(f"the checksum of '{_short(name)}' is wrong")

    def content(self, name: str) -> bytes:
        """One of its files. Raises NotARun."""
        with self._opened(name) as stream:
            data = self._read(stream, name, -1)
        if hashlib.sha256(data).hexdigest() != self.manifest.files[name][1]:
            raise self.damaged(f"the checksum of '{_short(name)}' is wrong")
        return data

    def damaged(self, what: str) -> NotARun:
        """The sentence about damage."""
        return NotARun(f"'{self.name}' is damaged ({what}); save the run again where it comes from.")

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes]]:
        try:
            stream = self.archive.open(name)
        except _DAMAGE as error:
            raise self.damaged(f"'{_short(name)}' cannot be unpacked") from error
        with stream:
            yield stream

    def _read(self, stream: IO[bytes], name: str, most: int) -> bytes:
        try:
            return stream.read(most)
        except Exception as error:  # zlib has a kind of its own
            raise self.damaged(f"'{_short(name)}' cannot be unpacked") from error


@contextlib.contextmanager
def looked_through(path: Path) -> Iterator[SavedFile]:
    """Raises NotARun, in one sentence, for whatever no TrainDesk of this version can have saved."""
    name = _short(path.name)
    foreign = (
        f"'{name}' is no run that TrainDesk saved, or was cut short; choose a file that ends in {ENDING}, or save the run "
        "again."
    )
    try:
        check_directory(path)
        archive = zipfile.ZipFile(path)
    except Exception as error:  # zipfile raises many kinds on damaged files
        raise NotARun(foreign) from error
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        manifest = _manifest(archive, name, foreign)
        _check_names(entries, manifest, name)
        _check_sizes(entries, manifest, name, path.stat().st_size)
        yield SavedFile(name, manifest, archive)


def _manifest(archive: zipfile.ZipFile, name: str, foreign: str) -> Manifest:
    try:
        entry = archive.getinfo(MANIFEST)
        if entry.file_size > MOST_MANIFEST or entry.file_size > SMALL + MOST_RATIO * entry.compress_size:
            raise NotARun(foreign)
        said = parse_json(archive.read(entry))
    except KeyError:
        raise NotARun(foreign) from None
    except NotARun:
        raise
    except Exception as error:
        raise NotARun(foreign) from error
    manifest = stored_as(Manifest, said)
    if manifest.what != "run" or manifest.format < 1:
        raise NotARun(foreign)
    if manifest.format > FORMAT:
        raise NotARun(
            f"'{name}' was saved by a newer TrainDesk (its format is {manifest.format}, and this one reads up to {FORMAT}); "
            "update TrainDesk here, then open it again."
        )
    return manifest


def _check_names(entries: list[zipfile.ZipInfo], manifest: Manifest, name: str) -> None:
    seen = set[str]()
    for entry in entries:
        said = _short(entry.filename)
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise NotARun(f"'{name}' holds a link ('{said}'), which no saved run does; nothing of it was opened.")
        if entry.flag_bits & 1:
            raise NotARun(
                f"'{name}' is locked with a password ('{said}'), which no saved run is; nothing of it was opened."
            )
        if entry.filename != MANIFEST and not _most(entry.filename):
            raise NotARun(f"'{name}' holds '{said}', which is no part of a run; nothing of it was opened.")
        if entry.filename in seen:
            raise NotARun(f"'{name}' holds '{said}' twice, which no saved run does; nothing of it was opened.")
        seen.add(entry.filename)
    listed = {*manifest.files, MANIFEST}
    if more := sorted(seen ^ listed):
        what = "is not in its list of files" if more[0] in seen else "is missing"
        raise NotARun(f"'{name}' is damaged ('{_short(more[0])}' {what}); save the run again where it comes from.")
    if f"{RUN}config.json" not in listed:
        raise NotARun(f"'{name}' is damaged (it holds no settings); save the run again where it comes from.")


def _check_sizes(entries: list[zipfile.ZipInfo], manifest: Manifest, name: str, size: int) -> None:
    parts = sum(entry.filename.startswith(RUN) for entry in entries)
    for number, most, what in (
        (parts, MOST_FILES, "files of a run"),
        (len(entries) - parts, MOST_PICTURES, "pictures"),
    ):
        if number > most:
            raise NotARun(f"'{name}' holds {number:,} {what}; the limit is {most:,}, so it was not opened.")
    for entry in entries:
        most, said = _most(entry.filename) or MOST_MANIFEST, _short(entry.filename)
        if entry.file_size > most:
            raise NotARun(
                f"'{name}' holds {bytes_in_words(entry.file_size)} as '{said}'; the limit is {bytes_in_words(most)}, so nothing "
                "of it was opened."
            )
        if entry.file_size > SMALL and entry.file_size > MOST_RATIO * entry.compress_size:
            raise NotARun(
                f"'{name}' holds '{said}', which unpacks to more than {MOST_RATIO} times its size, as no saved run does; nothing "
                "of it was opened."
            )
        if entry.filename != MANIFEST and entry.file_size != manifest.files[entry.filename][0]:
            raise NotARun(
                f"'{name}' is damaged (the size of '{said}' is wrong); save the run again where it comes from."
            )
    if sum(entry.compress_size for entry in entries) > size:
        raise NotARun(f"'{name}' holds files that lie in one another, as no saved run does; nothing of it was opened.")


def _most(name: str) -> int:
    """Bytes that a file of this name may have; 0 where no saved run has one."""
    if name == TABLE:
        return MOST_TABLE
    if name.startswith(RUN):
        return most_bytes(name.removeprefix(RUN))
    return MAX_FILE_BYTES if _PICTURE.fullmatch(name) else 0


def check_packed(path: Path) -> str:
    """What is wrong with a network or a file of arrays, which are ZIPs themselves; "" for nothing.

    torch and numpy unpack what these say into memory, so they may say no more than there is: TrainDesk packs neither. A network
    may name nothing but tensors; torch would refuse more when it is used, and so it need not even come in.
    """
    try:
        check_directory(path)
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if (
                any(entry.compress_type for entry in entries)
                or sum(entry.file_size for entry in entries) > path.stat().st_size
            ):
                return "it is packed once more"
            if path.suffix == ".npz":
                return ""
            pickles = [entry for entry in entries if entry.filename.endswith(".pkl")]
            return next((wrong for entry in pickles if (wrong := _more_than_tensors(archive.read(entry)))), "")
    except Exception:  # zipfile and pickletools raise many kinds for foreign bytes
        return "it cannot be read"


def _more_than_tensors(pickle: bytes) -> str:
    """What a pickle asks for besides: read as a list of instructions, none of which is followed."""
    for instruction, value, _ in pickletools.genops(pickle):
        if instruction.name in ("GLOBAL", "INST"):
            if value not in _PLAIN and not _NETWORK_NEEDS.fullmatch(str(value)):
                return f"it holds code: '{_short(str(value))}'"
        elif instruction.name in ("STACK_GLOBAL", "EXT1", "EXT2", "EXT4", "OBJ", "NEWOBJ_EX"):
            return "it holds code"
    return ""


def _short(text: str) -> str:
    """A foreign name as it is quoted in a sentence."""
    line = clean_line(text)
    return line if len(line) <= QUOTED else f"{line[: QUOTED - 1]}…"
