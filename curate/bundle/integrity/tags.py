"""The tag files of a bag as RFC 8493 has them: the declaration, what is said about the bag, what is to be fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from curate.bundle.archive.source import Source
from curate.errors import Problem
from curate.messages import sentence

KNOWN = ("0.93", "0.94", "0.95", "0.96", "0.97", "1.0")
LONGEST = 256 << 20  # bytes of a tag file
_VERSION = re.compile(r"BagIt-Version: (\d+\.\d+)")
_ENCODING = re.compile(r"Tag-File-Character-Encoding: (\S+)")
_LABEL = re.compile(r"([^:]*):(.*)", re.DOTALL)
_OXUM = re.compile(r"\d+\.\d+")
_COUNT = re.compile(r"\d+ of (\d+|\?)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DRIVE = re.compile(r"[A-Za-z]:")
_CODES = {"%0A": "\n", "%0D": "\r", "%25": "%"}
_CODE = re.compile("%0A|%0D|%25", re.IGNORECASE)


@dataclass(slots=True)
class Bag:
    """A bag that is looked at, and all that is wrong with it."""

    source: Source
    version: str = "1.0"
    encoding: str = "utf-8"
    problems: list[Problem] = field(default_factory=list)

    @property
    def old(self) -> bool:
        """Whether it is older than the RFC."""
        return self.version < "1.0"

    def error(self, where: str, what: str, hint: str = "") -> None:
        self.problems.append(Problem(where, what, hint))

    def warning(self, where: str, what: str, hint: str = "") -> None:
        self.problems.append(Problem(where, what, hint, "warning"))

    def must(self, where: str, what: str) -> None:
        """What the RFC demands, and the versions before it did not."""
        (self.warning if self.old else self.error)(where, what)


def decode(path: str) -> str:
    """A path as a manifest writes it: line ends and "%" are percent-encoded, and nothing else."""
    return _CODE.sub(lambda found: _CODES[found[0].upper()], path) if "%" in path else path


def inside(path: str) -> bool:
    """Whether a path stays in the bag on every system."""
    parts = path.split("/")
    hidden = ".." in parts or "\\" in path or "\0" in path
    return bool(path) and not hidden and not path.startswith(("/", "~")) and not _DRIVE.match(path)


def lines(bag: Bag, name: str) -> list[str]:
    """The lines of a tag file in the bag's encoding."""
    text = _text(bag, name, bag.encoding)
    if text.startswith("\ufeff"):  # what UTF-16 needs has been taken off already
        bag.must(name, sentence("begins with a byte-order mark"))
        text = text[1:]
    return _split(text)


def _split(text: str) -> list[str]:
    """By LF, CR and CRLF alone: other marks that end a line elsewhere may stand in names."""
    found = re.split("\r\n|\r|\n", text)
    return found[:-1] if found and not found[-1] else found


def declare(bag: Bag) -> None:
    """Read version and encoding from bagit.txt."""
    name = "bagit.txt"
    if name not in bag.source.sizes:
        bag.error(
            name, sentence("is missing: every bag has this file"), sentence("download it again")
        )
        return
    text = _text(bag, name, "utf-8")
    if text.startswith("\ufeff"):
        bag.error(name, sentence("begins with a byte-order mark"))
    rows = _split(text.removeprefix("\ufeff"))
    version = _VERSION.fullmatch(rows[0]) if rows else None
    encoding = _ENCODING.fullmatch(rows[1]) if len(rows) > 1 else None
    if len(rows) != 2 or not version or not encoding:
        bag.error(name, sentence("is not the two lines that RFC 8493 asks for"))
    if version:
        bag.version = version[1]
        if bag.version not in KNOWN:
            bag.error(
                name,
                sentence("declares version {version}, which is not known", version=bag.version),
                sentence("checked as 1.0"),
            )
            bag.version = "1.0"
    if encoding:
        try:
            "".encode(encoding[1])
            bag.encoding = encoding[1]
        except (LookupError, ValueError):
            bag.error(
                name,
                sentence("declares the unknown encoding {encoding}", encoding=repr(encoding[1])),
            )


def describe(bag: Bag) -> None:
    """bag-info.txt, which was called package-info.txt once."""
    name = "bag-info.txt" if bag.version > "0.95" else "package-info.txt"
    if name not in bag.source.sizes:
        return
    found: list[tuple[str, str]] = []
    for row in lines(bag, name):
        label = _LABEL.fullmatch(row)
        if row.startswith((" ", "\t")) and found:
            continue  # goes on with the value above
        if not row.strip():
            bag.warning(name, sentence("has an empty line"))
        elif not label or not label[1].strip() or row.startswith((" ", "\t")):
            bag.error(
                name, sentence("has a line that is no label and value: {line}", line=repr(row[:60]))
            )
        else:
            if label[1] != label[1].strip() or label[2][:1] not in (" ", "\t"):
                bag.must(
                    name, sentence("has no ': ' after {label}", label=repr(label[1].strip()[:60]))
                )
            found.append((label[1].strip().casefold(), label[2].strip()))
    _reserved(bag, name, found)


def _reserved(bag: Bag, name: str, found: list[tuple[str, str]]) -> None:
    sums = [value for label, value in found if label == "payload-oxum"]
    if len(sums) > 1:
        bag.must(name, sentence("states Payload-Oxum more than once"))
    payload = [size for path, size in bag.source.sizes.items() if path.startswith("data/")]
    real = f"{sum(payload)}.{len(payload)}"
    for oxum in dict.fromkeys(sums):
        if not _OXUM.fullmatch(oxum):
            bag.error(
                name,
                sentence(
                    "Payload-Oxum is {oxum}, not octets and files as in {real}",
                    oxum=repr(oxum[:60]),
                    real=real,
                ),
            )
        elif tuple(map(int, oxum.split("."))) != (sum(payload), len(payload)):
            bag.error(
                name,
                sentence("Payload-Oxum says {oxum}, the payload is {real}", oxum=oxum, real=real),
            )
    for label, value in found:
        if label == "bag-count" and not _COUNT.fullmatch(value):
            bag.warning(
                name, sentence("Bag-Count is {value}, not such as '1 of 3'", value=repr(value[:60]))
            )
        if label == "bagging-date" and not _DAY.fullmatch(value):
            bag.warning(
                name,
                sentence("Bagging-Date is {value}, not such as 2020-01-31", value=repr(value[:60])),
            )


def fetched(bag: Bag) -> set[str]:
    """Files that fetch.txt says lie elsewhere; those not here yet make the bag incomplete."""
    name = "fetch.txt"
    if name not in bag.source.sizes:
        return set()
    named: set[str] = set()
    for number, row in enumerate(lines(bag, name), 1):
        parts = row.split(None, 2)
        path = decode(parts[2]) if len(parts) == 3 else ""
        path = path.removeprefix("./")
        if not inside(path) or not path.startswith("data/"):
            bag.error(f"{name}:{number}", sentence("is not URL, length and a path below data/"))
            continue
        if not _absolute(parts[0]):
            bag.error(
                f"{name}:{number}", sentence("{url} is no absolute URL", url=repr(parts[0][:80]))
            )
        if parts[1] != "-" and not (parts[1].isascii() and parts[1].isdigit()):
            bag.error(
                f"{name}:{number}", sentence("{length} is no length", length=repr(parts[1][:20]))
            )
        named.add(path)
        there = bag.source.sizes.get(path)
        if there is None:
            hint = sentence("the bag is incomplete until then")
            bag.error(path, sentence("has to be fetched from {url}", url=parts[0][:200]), hint)
        elif parts[1].isdigit() and int(parts[1]) != there:
            bag.warning(
                path,
                sentence(
                    "has {n} bytes, and {file} says {length}", n=there, file=name, length=parts[1]
                ),
            )
    return named


def _absolute(url: str) -> bool:
    try:
        return bool(urlsplit(url).scheme)
    except ValueError:
        return False


def _text(bag: Bag, name: str, encoding: str) -> str:
    try:
        if bag.source.sizes[name] > LONGEST:
            raise ValueError("it is far too large")
        data = b"".join(bag.source.pieces(name))
        return data.decode(encoding)
    except Exception as fault:  # noqa: BLE001 - codecs raise anything
        bag.error(
            name, sentence("cannot be read: {fault}", fault=fault), sentence("download it again")
        )
        return ""
