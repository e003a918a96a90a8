"""Descriptions that machines read: RO-Crate 1.2 (w3id.org/ro/crate/1.2) and BagIt 1.0 (RFC 8493)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curate.bundle.layout import METADATA, Layout, Placed
from curate.collection import Collection
from curate.model import LicenseInfo
from curate.spdx.expression import ids

_CONTEXT = "https://w3id.org/ro/crate/1.2/context"


def describe(
    collection: Collection,
    layout: Layout,
    licenses: Mapping[str, LicenseInfo],
    version: str,
    seconds: int,
    part: tuple[int, int] | None = None,
) -> bytes:
    """ro-crate-metadata.json for the payload folder. ``part``: which of how many, where there are more."""
    placed = layout.placed
    used = sorted({one for p in placed for one in ids(p.item.decision.license)})
    people = sorted({name for p in placed for name in p.item.creators if name.strip()})
    persons = {name: f"#person-{number}" for number, name in enumerate(people, 1)}
    folders = [section for section, _ in layout.sections]
    members = {section.path: [p.path for p in placed] for section, placed in layout.sections}
    for section in folders:
        parent, _, _ = section.path.rpartition("/")
        if parent in members:
            members[parent].append(f"{section.path}/")
    tops = [
        f"{section.path}/" for section in folders if section.path.rpartition("/")[0] not in members
    ]
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": collection.title,
        "description": collection.description or collection.title,
        "datePublished": time.strftime("%Y-%m-%d", time.gmtime(seconds)),
        "version": version,
        "identifier": _identifier(collection, version, part),
        "inLanguage": collection.language,
        "license": _one([_ref(_license_id(one, licenses)) for one in used])
        or "Each file states its own terms; see ATTRIBUTION.md.",
        "hasPart": _one([_ref(_escape(path)) for path in tops]),
    }
    if collection.keywords:
        root["keywords"] = ", ".join(collection.keywords)
    graph: list[dict[str, Any]] = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "conformsTo": _ref("https://w3id.org/ro/crate/1.2"),
            "about": _ref("./"),
        },
        root,
    ]
    for section in folders:
        graph.append(
            {
                "@id": _escape(f"{section.path}/"),
                "@type": "Dataset",
                "name": section.label,
                "hasPart": _one([_ref(_escape(path)) for path in sorted(members[section.path])]),
            }
        )
    graph.extend(_file(one, licenses, persons) for one in placed)
    for one in used:
        info = licenses.get(one, LicenseInfo(one, one, ""))
        graph.append(
            {
                "@id": _license_id(one, licenses),
                "@type": "CreativeWork",
                "name": info.name or one,
                "identifier": one,
                "description": info.name or one,
            }
        )
    graph.extend({"@id": persons[name], "@type": "Person", "name": name} for name in people)
    lines = ",\n".join(json.dumps(entity, ensure_ascii=False) for entity in graph)
    return f'{{"@context": "{_CONTEXT}", "@graph": [\n{lines}\n]}}\n'.encode()


def _file(
    placed: Placed, licenses: Mapping[str, LicenseInfo], persons: Mapping[str, str]
) -> dict[str, Any]:
    item = placed.item
    optional = {
        "description": item.description,
        "inLanguage": item.language,
        "keywords": ", ".join(item.keywords),
        "alternateName": item.name if item.name != placed.path.rpartition("/")[2] else "",
        "isBasedOn": item.source if item.source.startswith(("http://", "https://")) else "",
        "sameAs": _web(item.also),
        "author": _one([_ref(persons[name]) for name in item.creators if name in persons]),
        "license": _one([_ref(_license_id(one, licenses)) for one in ids(item.decision.license)]),
        "creditText": item.credit,
    }
    return {
        "@id": _escape(placed.path),
        "@type": "File",
        "name": item.title,
        "encodingFormat": item.mime or "application/octet-stream",
        "contentSize": str(item.size),
        "sha256": item.sha256,
    } | {name: value for name, value in optional.items() if value}


def _web(urls: Sequence[str]) -> str | list[str]:
    found = [one for one in urls if one.startswith(("http://", "https://"))]
    return found[0] if len(found) == 1 else found


def _license_id(one: str, licenses: Mapping[str, LicenseInfo]) -> str:
    url = licenses[one].url if one in licenses else ""
    return url if url.startswith(("http://", "https://")) else f"#{_escape(one)}"


def _ref(id: str) -> dict[str, str]:
    return {"@id": id}


def _one(values: Sequence[dict[str, str]]) -> Any:
    """JSON-LD's short form: a single value stands alone."""
    return values[0] if len(values) == 1 else list(values)


def _escape(path: str) -> str:
    """A path as @id: 1.2 wants other scripts raw, and only what would break a URI escaped."""
    return re.sub(r'[\x00-\x20"<>\\^`{|}%#?\[\]]', lambda found: f"%{ord(found[0]):02X}", path)


DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def bag_info(
    collection: Collection,
    version: str,
    agent: str,
    size: int,
    files: int,
    part: tuple[int, int] | None = None,
) -> bytes:
    """bag-info.txt. No date: a release is the same whenever it is made."""
    fields = [
        ("External-Identifier", _identifier(collection, version, part)),
        ("External-Description", " ".join(collection.title.split())),
        ("Bag-Software-Agent", agent),
        ("Payload-Oxum", f"{size}.{files}"),
    ]
    if part:
        fields.append(("Bag-Group-Identifier", _identifier(collection, version, None)))
        fields.append(("Bag-Count", f"{part[0]} of {part[1]}"))
    return "".join(f"{name}: {value}\n" for name, value in fields).encode()


def _identifier(collection: Collection, version: str, part: tuple[int, int] | None) -> str:
    whole = f"{collection.name}-{version}"
    return f"{whole}-part{part[0]}of{part[1]}" if part else whole


def manifest(digests: Iterable[tuple[str, str]]) -> bytes:
    """(path, SHA-256) pairs as a manifest, which is also what ``sha256sum -c`` reads."""
    ordered = sorted(digests, key=lambda pair: pair[0].encode())
    return "".join(f"{digest}  {path}\n" for path, digest in ordered).encode()
