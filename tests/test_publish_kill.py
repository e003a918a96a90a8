"""curate publish, killed twice in the middle of a large file, and then left to finish.

CURATE_PUBLISH_MB=500 tries it with so many MiB. CURATE_PUBLISH_S3="ENDPOINT BUCKET" tries it on a real
server too, with the account in CURATE_REAL_USER and CURATE_REAL_PASSWORD.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from curate.api import Workspace
from curate.fetch.drives.s3_storage import PART
from curate.shares import Shares
from curate.targets import target
from tests.drives import PASSWORD, USER, Disk, S3Disk, WebDavDisk
from tests.test_bundle import item, release
from tests.test_publish import FolderDisk, configure, table

MIB = 1 << 20
SIZE = int(os.environ.get("CURATE_PUBLISH_MB", "64")) * MIB
HOME = "woods/1.0.0"
FILE = f"{HOME}/woods-1.0.0.zip"


class Folder(FolderDisk):
    """As seen from outside."""

    @property
    def arrived(self) -> int:
        """Bytes that have come, of all files that are on their way or there."""
        files = (path for path in self.root.rglob("*") if path.is_file())
        return sum(size for path in files if (size := _size(path)))

    def seen(self) -> int | None:
        """What is seen under the archive's final name."""
        return _size(self.root / FILE)

    def left(self) -> list[str]:
        """What is there and no file of a release."""
        return [path.name for path in self.root.rglob("*.part")]


class WebDav(WebDavDisk, Folder):
    pass


class S3(S3Disk):
    """The stand-in for a bucket: moto, which keeps it in memory."""

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{self.bucket}"

    def _ask(self, method: str, path: str) -> requests.Response:
        scope = "Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}"}
        return requests.request(method, f"{self._url}{path}", headers=headers, timeout=30)

    @property
    def arrived(self) -> int:
        return self.parts * PART

    @property
    def parts(self) -> int:
        return sum("partNumber" in one for one in self.changed)

    def seen(self) -> int | None:
        found = self._ask("HEAD", f"/top/{FILE}")
        return int(found.headers["Content-Length"]) if found.status_code == 200 else None

    def left(self) -> list[str]:
        return ["<Upload>"] if "<Upload>" in self._ask("GET", "?uploads").text else []


class RealS3(Disk):
    """A bucket of a server that runs already: 2026-11 that of OpenStack Swift 2.38."""

    kind = "s3"

    def __init__(self, root: Path, state: Path) -> None:
        import boto3
        from botocore.config import Config

        super().__init__(root, state)
        told = os.environ.get("CURATE_PUBLISH_S3", "").split()
        if not told:
            pytest.skip("CURATE_PUBLISH_S3 names no server")
        self._endpoint, self.bucket = told
        self._prefix = f"try-{self.port}"
        self._client = boto3.client(
            "s3", endpoint_url=self._endpoint, region_name="us-east-1",
            aws_access_key_id=os.environ["CURATE_REAL_USER"],
            aws_secret_access_key=os.environ["CURATE_REAL_PASSWORD"],
            config=Config(s3={"addressing_style": "path"}),
        )  # fmt: skip

    @property
    def options(self) -> dict[str, Any]:
        url = f"s3://{self.bucket}/{self._prefix}"
        return {"url": url, "endpoint": self._endpoint, "account": "real"}

    def _uploads(self) -> list[Any]:
        told = self._client.list_multipart_uploads(Bucket=self.bucket, Prefix=self._prefix)
        return list(told.get("Uploads", ()))

    @property
    def arrived(self) -> int:
        total = 0
        for one in self._uploads():
            told = {"Bucket": self.bucket, "Key": one["Key"], "UploadId": one["UploadId"]}
            parts = self._client.list_parts(**told, MaxParts=1000).get("Parts", ())
            total += sum(part["Size"] for part in parts)
        return total

    def seen(self) -> int | None:
        from botocore.exceptions import ClientError

        try:
            key = f"{self._prefix}/{FILE}"
            return int(self._client.head_object(Bucket=self.bucket, Key=key)["ContentLength"])
        except ClientError:
            return None

    def left(self) -> list[str]:
        return [one["Key"] for one in self._uploads()]


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


class Watch(threading.Thread):
    """Sees whether anything but the whole file ever stands under its name."""

    def __init__(self, disk: S3 | RealS3 | Folder, whole: int) -> None:
        super().__init__(daemon=True)
        self._disk, self._whole = disk, whole
        self.wrong: list[int] = []
        self.looks = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.005):
            found = self._disk.seen()
            self.looks += 1
            if found not in (None, self._whole):
                self.wrong.append(found or 0)


def start(workspace: Workspace) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "curate", "publish", "woods", "--to", "shop"]
    return subprocess.Popen(
        [*command, "--workspace", str(workspace.root)], stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, start_new_session=True,
        env={**os.environ, "CURATE_NAS_USER": USER, "CURATE_NAS_PASSWORD": PASSWORD},
    )  # fmt: skip


def kill(process: subprocess.Popen[bytes], due: Callable[[], bool]) -> None:
    while not due():
        assert process.poll() is None, process.communicate()[1].decode()
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace.init(tmp_path_factory.mktemp("large"))
    chance = random.Random(7)
    noise = b"".join(chance.randbytes(MIB) for _ in range(SIZE // MIB))
    release(made.root, (item("noise.bin", noise, category="", kind="other"),))
    return made


@pytest.fixture(params=[Folder, WebDav, S3, RealS3], ids=lambda kind: kind.__name__)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    (tmp_path / "root").mkdir()
    made = request.param(tmp_path / "root", tmp_path / "drive")
    made.start()
    yield made
    made.stop()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL as Unix has it")
def test_killed_twice_and_whole_in_the_end(
    disk: S3 | RealS3 | Folder, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(workspace, shop=table(disk))
    (workspace.build / "woods" / "shares.jsonl").unlink(missing_ok=True)
    archive = workspace.build / FILE
    whole = archive.stat().st_size
    watch = Watch(disk, whole)
    watch.start()
    began, times = time.monotonic(), []
    for share in (3, 6):
        goal = whole * share // 9
        if not isinstance(disk, Folder):  # there it goes on
            goal = disk.arrived + whole // 8
        kill(start(workspace), lambda goal=goal: disk.arrived >= goal)  # type: ignore[misc]
        times.append(time.monotonic() - began)
        assert disk.seen() is None
        assert not (workspace.build / "woods" / "shares.jsonl").exists()
    sent = disk.parts if isinstance(disk, S3) else 0
    process = start(workspace)
    assert process.wait(300) == 0, process.communicate()[1].decode()
    times.append(time.monotonic() - began)
    watch.over.set()
    watch.join()
    assert watch.wrong == [] and watch.looks > 10
    assert disk.left() == []
    monkeypatch.setenv("CURATE_NAS_USER", USER)
    monkeypatch.setenv("CURATE_NAS_PASSWORD", PASSWORD)
    place = target(workspace, "shop")
    assert sorted(place.files(HOME)) == [
        "CHANGELOG.md", "SHA256SUMS", "woods-1.0.0.zip", "woods-1.0.0.zip.sha256",
    ]  # fmt: skip
    there = hashlib.sha256()
    for piece in place.read(FILE):
        there.update(piece)
    place.close()
    (share_,) = Shares(workspace.build / "woods").current()
    assert there.hexdigest() == share_.archives[0].sha256
    if isinstance(disk, S3):
        parts = -(-whole // PART)
        assert sent >= 2 and disk.parts <= parts + 2  # a kill loses one part, not the upload
    told = ", ".join(f"{one:.1f}" for one in times)
    print(f"{type(disk).__name__}: killed and finished after {told} s; {watch.looks} looks")  # noqa: T201
