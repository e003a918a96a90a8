"""What vouches for an archive beside it: its checksum, and its signature where there is a key."""

from __future__ import annotations

from pathlib import Path

from curate import checksum
from curate.signing import Signer


def write(path: Path, signer: Signer | None) -> str:
    """``path``.sha256, as ``sha256sum -c`` reads it, and ``path``.minisig; gives the SHA-256."""
    sha256 = checksum.of(path)
    path.with_name(f"{path.name}.sha256").write_bytes(f"{sha256}  {path.name}\n".encode())
    if signer:
        with path.open("rb") as whole:
            signature = signer.sign_stream(whole, path.name)
        path.with_name(f"{path.name}.minisig").write_bytes(signature)
    return sha256
