"""Run by the Python of rocrate-validator: gives it the context of RO-Crate without a network.

``python crate_cache.py CACHE URL FILE``. The context is a small one of our own: the terms that a bundle's
metadata uses, each with the address that the specification gives it.
"""

import io
import sys
from pathlib import Path

import requests
from requests_cache import CachedSession
from requests_cache.models import CachedResponse
from urllib3.response import HTTPResponse

cache, url, path = sys.argv[1:]
body = Path(path).read_bytes()
headers = {"Content-Type": "application/ld+json"}
asked = requests.Request("GET", url, headers={"Accept": "application/ld+json"}).prepare()
reply = requests.Response()
reply.status_code, reply.url, reply.request, reply.encoding = 200, url, asked, "utf-8"
reply.headers.update(headers)
reply.raw = HTTPResponse(
    io.BytesIO(body), headers, status=200, preload_content=False, request_url=url
)
store = CachedSession(cache, expire_after=-1).cache
store.save_response(CachedResponse.from_response(reply), store.create_key(asked))
