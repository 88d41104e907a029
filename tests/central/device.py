"""What a device gets from a repository: python-tuf's own client over files, nothing of ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tuf.api.exceptions import DownloadHTTPError
from tuf.api.metadata import Metadata, Root, Targets
from tuf.ngclient.fetcher import FetcherInterface
from tuf.ngclient.updater import Updater

BASE = "https://lists.example/"


class FileFetcher(FetcherInterface):
    """Answers requests from a folder, as a web server would."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self._folder / url.removeprefix(BASE)
        if not path.is_file():
            raise DownloadHTTPError(f"{url} is not there", 404)
        yield path.read_bytes()


class Device:
    """A client with its cache; `look` is one poll."""

    def __init__(self, repository: Path, cache: Path) -> None:
        self._repository = repository
        self.cache = cache
        self._downloads = cache.with_name(cache.name + "-targets")
        cache.mkdir()
        self._downloads.mkdir()
        self._bootstrap: bytes | None = (repository / "metadata/1.root.json").read_bytes()

    def look(self, now: datetime, repository: Path | None = None) -> dict[str, bytes]:
        """Every target that the newest metadata names, verified. Raises what the client raises."""
        updater = self.updater(now, repository)
        updater.refresh()
        updater.get_targetinfo("base-0-0-0")  # loads the delegated role
        names = [*self.role("targets").targets, *self.role("rev").targets]
        return {name: self.fetch(updater, name) for name in names}

    def updater(self, now: datetime, repository: Path | None = None) -> Updater:
        """The client at a moment of the test's choice."""
        updater = Updater(
            str(self.cache),
            BASE + "metadata/",
            str(self._downloads),
            BASE + "targets/",
            FileFetcher(repository or self._repository),
            bootstrap=self._bootstrap,
        )
        updater._trusted_set.reference_time = now
        return updater

    def fetch(self, updater: Updater, name: str) -> bytes:
        """One target; a name that the metadata does not allow is a KeyError."""
        target = updater.get_targetinfo(name)
        if target is None:
            raise KeyError(name)
        return Path(updater.download_target(target)).read_bytes()

    def role(self, name: str) -> Targets:
        """The metadata that the client has verified and kept."""
        kept = Metadata[Targets].from_file(str(self.cache / f"{name}.json"))
        return kept.signed

    def root(self) -> Root:
        """The newest root that the client trusts."""
        return Metadata[Root].from_file(str(self.cache / "root.json")).signed
