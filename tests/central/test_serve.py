"""The web server for trials: the right files, the right caching, nothing else."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.central.serve import FOREVER, cache_control, make_server


@pytest.fixture
def port(central: Path) -> Iterator[int]:
    """A server of the city's repository on a free port."""
    (central / "repository/secret").write_text("not to be seen")
    with make_server(central / "repository", ("127.0.0.1", 0), 300, quiet=True) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def get(port: int, path: str) -> tuple[int, str, bytes]:
    """Status, Cache-Control, body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    said = answer.status, answer.headers["Cache-Control"], answer.read()
    connection.close()
    return said


def test_timestamp_is_kept_for_a_tenth_of_a_poll(port: int, central: Path) -> None:
    """30 s at a poll of 5 minutes; the body is the file."""
    body = (central / "repository/metadata/timestamp.json").read_bytes()
    assert get(port, "/metadata/timestamp.json") == (200, "public, max-age=30", body)


def test_all_other_files_never_change(port: int, central: Path) -> None:
    """Versioned metadata and targets with their hash may be kept for ever."""
    target = next((central / "repository/targets").iterdir())
    assert get(port, "/metadata/1.root.json")[:2] == (200, FOREVER)
    assert get(port, f"/targets/{target.name}") == (200, FOREVER, target.read_bytes())


@pytest.mark.parametrize(
    "path", ["/", "/metadata/", "/metadata", "/secret", "/../register.db", "/metadata/../secret",
             "/metadata/%2e%2e/secret", "/targets/.x", "/metadata/2.root.json"]
)  # fmt: skip
def test_nothing_else_is_served(path: str, port: int) -> None:
    """No listing, no other file; and a root that is not there yet is asked for again."""
    status, caching, body = get(port, path)
    assert (status, caching) == (404, "no-store")
    assert b"not to be seen" not in body


@pytest.mark.parametrize(("poll_s", "age_s"), [(10, 1), (300, 30), (600, 60), (3600, 60)])
def test_caching_follows_the_poll(poll_s: int, age_s: int) -> None:
    """A tenth of the poll, and a minute at most."""
    assert cache_control("/metadata/timestamp.json", poll_s) == f"public, max-age={age_s}"
