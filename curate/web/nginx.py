"""The configuration of nginx in front of the download server, filled in for one shop."""

from __future__ import annotations

import ipaddress
import re
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from curate.errors import CurateError

if TYPE_CHECKING:
    from curate.shop import Shop

ACCEL = "/-/build"
"""The internal location where shop.toml names none."""
_NAME = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_LOCATION = re.compile(r"/[A-Za-z0-9._~/-]{1,100}")
_TLS = """    ssl_certificate "/etc/letsencrypt/live/@NAME@/fullchain.pem";
    ssl_certificate_key "/etc/letsencrypt/live/@NAME@/privkey.pem";
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:curate:2m;
    add_header Strict-Transport-Security "max-age=31536000" always;
"""
_REDIRECT = """
server {
    listen 80;
    server_name @NAME@;
    access_log off;
    return 301 https://@NAME@$request_uri;
}
"""


def configuration(shop: Shop, logs: str = "/var/log/nginx") -> str:
    """What goes into conf.d/. Raises CurateError where shop.toml has no address for buyers, or one of its
    values, or the workspace's path, cannot stand in nginx's language."""
    serve = shop.settings.serve
    url = urlsplit(serve.url)
    name, accel = url.hostname or "", serve.accel.rstrip("/") or ACCEL
    if not _NAME.fullmatch(name) or url.scheme not in ("http", "https"):
        raise CurateError(
            f"serve.url {serve.url!r} of shop.toml is no address that buyers can use",
            'set it: url = "https://files.example.org"',
        )
    if not _LOCATION.fullmatch(accel):
        raise CurateError(
            f"serve.accel {serve.accel!r} cannot be a location", f'use accel = "{ACCEL}"'
        )
    secure = url.scheme == "https"
    port = url.port or (443 if secure else 80)
    filled = {
        "REDIRECT": _REDIRECT if secure and port == 443 else "",
        "TLS": _TLS if secure else "",
        "URL": serve.url,
        "ACCEL": accel,
        "UPSTREAM": _upstream(serve.host, serve.port),
        "LISTEN": f"listen {_bound(name)}{port}{' ssl http2' if secure else ''};",
        "BUILD": _quoted(str(shop.workspace.build)),
        "LOGS": _quoted(logs),
        "NAME": name,
    }
    text = resources.files("curate.web").joinpath("nginx.conf").read_text("utf-8")
    for key, value in filled.items():
        text = text.replace(f"@{key}@", value)
    return text


def _bound(name: str) -> str:
    """An address of this machine is listened on alone; a name on all."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return ""
    return f"[{address}]:" if address.version == 6 else f"{address}:"


def _upstream(host: str, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _quoted(path: str) -> str:
    if re.search(r"[$\x00-\x1f]", path):
        raise CurateError(
            f"{path!r} cannot stand in nginx's configuration: it holds a $ or a control character",
            "move the workspace to a folder with a plainer name",
        )
    return path.replace("\\", "\\\\").replace('"', '\\"')
