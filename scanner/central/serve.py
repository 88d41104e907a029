"""A web server of static files for trials; a city uses nginx or a CDN, with the same headers."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOREVER = "public, max-age=31536000, immutable"
NEVER = "no-store"
LONGEST_TIMESTAMP_S = 60


def cache_control(path: str, poll_s: int) -> str:
    """Of all files only timestamp.json ever changes under its name."""
    if path.endswith("/timestamp.json"):
        return f"public, max-age={min(LONGEST_TIMESTAMP_S, poll_s // 10)}"
    return FOREVER


class _Handler(SimpleHTTPRequestHandler):
    """Files of metadata/ and targets/, and no listing of folders."""

    protocol_version = "HTTP/1.1"
    server_version = "lists"
    sys_version = ""

    def __init__(self, *arguments: object, folder: Path, poll_s: int, quiet: bool) -> None:
        self._poll_s = poll_s
        self._quiet = quiet
        self._caching = NEVER
        super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

    def send_head(self):  # type: ignore[no-untyped-def]
        parts = self.path.strip("/").split("/")
        if len(parts) != 2 or parts[0] not in ("metadata", "targets") or parts[1].startswith("."):
            self.send_error(404)
            return None
        return super().send_head()

    def send_response(self, code: int, message: str | None = None) -> None:
        """What is not there yet may be there the next time: the next root is asked for so."""
        self._caching = cache_control(self.path, self._poll_s) if code == 200 else NEVER
        super().send_response(code, message)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", self._caching)
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        if not self._quiet:
            super().log_message(format, *arguments)


def make_server(
    repository: Path, address: tuple[str, int], poll_s: int, *, quiet: bool = False
) -> ThreadingHTTPServer:
    """Port 0: any free one. Listens already; call `serve_forever`. Raises OSError."""
    return ThreadingHTTPServer(
        address, partial(_Handler, folder=repository, poll_s=poll_s, quiet=quiet)
    )
