# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of the mirror's server, nginx: pure text."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

from lab.mirror.upstreams import Upstream, Upstreams
from lab.place import MIRROR, MIRROR_NAME

FOLDER = "/run/mirror"
"""In the container: the sockets."""
CACHE = "/var/cache/mirror"
ARTEFACTS = "/srv/artefacts"
AUTHORITIES = "/etc/mirror/authorities.pem"

_MAIN = """\
user www-data;
worker_processes 2;
pid /run/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  log_format short '$time_iso8601 $status $upstream_cache_status $body_bytes_sent $request_uri';
  access_log /dev/stdout short;
  server_tokens off;
  sendfile on;
  default_type application/octet-stream;
  types {{ text/yaml yml; }}
  proxy_cache_path {cache} levels=1:2 keys_zone=mirror:16m max_size={size}m min_free=1g inactive=60d use_temp_path=off;
  proxy_cache mirror;
  proxy_cache_lock on;
  proxy_cache_lock_age 10m;
  proxy_cache_lock_timeout 10m;
  proxy_cache_revalidate on;
  proxy_cache_use_stale error timeout invalid_header http_403 http_404 http_429 http_500 http_502 http_503 http_504;
  # How long something is new is said here, by what it is: registries' own headers are for browsers.
  proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires X-Accel-Redirect;
  proxy_force_ranges on;
  proxy_http_version 1.1;
  proxy_connect_timeout 15s;
  proxy_read_timeout 5m;
  proxy_ssl_verify on;
  proxy_ssl_verify_depth 9;
  proxy_ssl_trusted_certificate {authorities};
  proxy_ssl_server_name on;
{upstreams}
  server {{
    listen unix:{folder}/http default_server;
    location / {{ return 403 "This is a mirror and no proxy: ask {name} itself.\\n"; }}
  }}
  server {{
    listen unix:{folder}/http;
    server_name {name} {address};
    set $args "";
    if ($request_method !~ ^(GET|HEAD)$) {{ return 405; }}
    location / {{ return 404; }}
    location = /health {{ access_log off; return 200 "{identity}"; }}
    location /artefacts/ {{ alias {artefacts}/; }}
{locations}
  }}
}}
"""
_UPSTREAM = """\
  upstream {name} {{
    server unix:{folder}/{name};
    keepalive 8;
  }}"""
_LOCATION = """\
    location {path} {{
      proxy_pass {scheme}://{name}{target};
      proxy_ssl_name {host};
      proxy_cache_key {url}:$uri;
      proxy_cache_valid 200 {valid};
      proxy_set_header Connection "";
      proxy_set_header Host {authority};
      proxy_set_header Authorization "{authorization}";
      proxy_set_header Cookie "";
{more}    }}"""


def configuration(upstreams: Upstreams, identity: str, size: int) -> str:
    """nginx.conf. ``identity`` is what ``/health`` answers; ``size`` of the cache in MiB."""
    return _MAIN.format(
        cache=CACHE, size=size, authorities=AUTHORITIES, folder=FOLDER, artefacts=ARTEFACTS, identity=identity,
        name=MIRROR_NAME, address=MIRROR,
        upstreams="\n".join(_UPSTREAM.format(name=name, folder=FOLDER) for name in upstreams.named()),
        locations="\n".join(_locations(upstreams)),
    )  # fmt: skip


def _locations(upstreams: Upstreams) -> Iterator[str]:
    for path, name in (("/debian/", "debian"), ("/debian-security/", "security")):
        archive = upstreams.named()[name]
        # What is in the pool never changes; what names it does.
        yield _location(f"{path}dists/", name, archive, "dists/", "1m")
        yield _location(f"{path}pool/", name, archive, "pool/", "60d")
    yield _location("/pypi/simple/", "index", upstreams.index, "", "5m", _rewriting(upstreams))
    yield _location("/pypi/files/", "files", upstreams.files, "", "60d")


def _location(path: str, name: str, upstream: Upstream, rest: str, valid: str, more: Iterable[str] = ()) -> str:
    split = upstream.split
    authorization = f"Basic {base64.b64encode(upstream.credentials.encode()).decode()}" if upstream.credentials else ""
    return _LOCATION.format(
        path=path, name=name, scheme=split.scheme, target=f"{split.path}/{rest}", host=upstream.host,
        authority=split.netloc, authorization=authorization, url=upstream.url, valid=valid,
        more="".join(f"      {line}\n" for line in more),
    )  # fmt: skip


def _rewriting(upstreams: Upstreams) -> Iterator[str]:
    """Links and redirections of the index lead through the mirror. Every client reads its pages in HTML (PEP 503)."""
    index, files = upstreams.index, upstreams.files
    yield 'proxy_set_header Accept "text/html";'
    yield 'proxy_set_header Accept-Encoding "";'
    yield f"proxy_redirect {index.url}/ /pypi/simple/;"
    yield f"proxy_redirect {index.split.path}/ /pypi/simple/;"
    yield "sub_filter_once off;"
    yield f"sub_filter '{files.url}/' '/pypi/files/';"
    if files.url == index.origin:
        parent = index.split.path.rpartition("/")[0].lstrip("/")
        yield f"sub_filter 'href=\"../../' 'href=\"/pypi/files/{parent + '/' if parent else ''}';"
        yield "sub_filter 'href=\"/' 'href=\"/pypi/files/';"
