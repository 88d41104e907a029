"""Bytes from a server, a folder, a stick."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tuf.api.exceptions import (
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    SlowRetrievalError,
)

from scanner.core.errors import SyncError
from scanner.sync.fetch import GRACE_S, ListFetcher, base_url

Answer = Callable[[BaseHTTPRequestHandler], None]
Serve = Callable[[Answer], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A web server on this machine that answers as the test says."""
    servers = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            do_GET = answer  # noqa: N815  # the name that the library looks for

            def log_message(self, *_: object) -> None:
                """Nothing on the test's output."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def body_of(fetcher: ListFetcher, url: str, most: int = 1000) -> bytes:
    return fetcher.download_bytes(url, most)


def whole(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"x" * 900)


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Until nobody listens any more."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 65_536)
    except OSError:
        return


def elsewhere(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "file:///etc/passwd")
    handler.end_headers()


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Less than was announced, and then the line is dead."""
    handler.send_response(200)
    handler.send_header("Content-Length", "900")
    handler.end_headers()
    handler.wfile.write(b"x" * 100)


def test_file_of_a_server_is_read(serve: Serve) -> None:
    """All of it, counted."""
    fetcher = ListFetcher()
    assert body_of(fetcher, serve(whole) + "metadata/timestamp.json") == b"x" * 900
    assert fetcher.received == 900


def test_endless_file_is_cut_off(serve: Serve) -> None:
    """At the length that was announced for it, not when the memory is full."""
    fetcher = ListFetcher()
    with pytest.raises(DownloadLengthMismatchError):
        body_of(fetcher, serve(endless))
    assert fetcher.received < 50_000


def test_redirect_is_not_followed(serve: Serve) -> None:
    """Least of all to a file of this device."""
    with pytest.raises(DownloadHTTPError) as caught:
        body_of(ListFetcher(), serve(elsewhere))
    assert caught.value.status_code == 302


def test_trickle_is_given_up(serve: Serve) -> None:
    """Each byte comes in time, and together they would take hours."""
    asked = threading.Semaphore(0)
    seconds = iter(range(0, 10_000, int(GRACE_S)))

    def in_drops(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(20):
            if not asked.acquire(timeout=5):
                return
            handler.wfile.write(b"x")
            handler.wfile.flush()

    def monotonic() -> float:
        """Hours go by, and each look at the clock lets one more byte through."""
        asked.release()
        return float(next(seconds))

    with pytest.raises(SlowRetrievalError):
        body_of(ListFetcher(monotonic), serve(in_drops))


def test_broken_line_is_an_error(serve: Serve) -> None:
    """Half a file is no file."""
    with pytest.raises(DownloadError):
        body_of(ListFetcher(), serve(cut))


def test_nobody_there_is_an_error() -> None:
    """A port that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(DownloadError):
            body_of(ListFetcher(), f"http://127.0.0.1:{taken.getsockname()[1]}/")


def test_pipe_on_a_stick_does_not_stop_the_program(tmp_path: Path) -> None:
    """A stick may hold what looks like a list and never ends."""
    os.mkfifo(tmp_path / "timestamp.json")
    with pytest.raises(DownloadError):
        body_of(ListFetcher(), (tmp_path / "timestamp.json").as_uri())


def test_names_with_blanks_are_found(tmp_path: Path) -> None:
    """A stick that somebody named."""
    folder = tmp_path / "my stick"
    folder.mkdir()
    (folder / "a").write_bytes(b"lists")
    assert body_of(ListFetcher(), (folder / "a").as_uri()) == b"lists"


def test_lists_are_found_one_folder_below(tmp_path: Path) -> None:
    """Whatever the folder on the stick is called."""
    (tmp_path / "bundle/metadata").mkdir(parents=True)
    (tmp_path / "bundle/metadata/timestamp.json").touch()
    assert base_url(str(tmp_path)) == (tmp_path / "bundle").as_uri() + "/"
    assert base_url("https://lists.example/city") == "https://lists.example/city/"


@pytest.mark.parametrize("source", ["ftp://lists.example", "nowhere", "."])
def test_source_without_lists_is_named(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scheme that is not known, a folder that is none, one without lists."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SyncError):
        base_url(source)
