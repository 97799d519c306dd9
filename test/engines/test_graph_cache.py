"""Graphs in the user's cache: made once, made again where they cannot be read, and done without where nothing can be written."""

import os

import pytest

from mtdense_ros.engines import graph_cache
from mtdense_ros.engines.graph_cache import read_or_make


class Maker:
    """Writes one file and counts how often."""

    def __init__(self):
        self.made = 0

    def __call__(self, folder):
        self.made += 1
        (folder / "graph").write_text(f"made {self.made}")


@pytest.fixture
def make():
    return Maker()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "mtdense_ros" / "kind"


def read(folder):
    return (folder / "graph").read_text()


def test_made_once(cache, make):
    assert [read_or_make("kind", "name", make, read) for _ in range(2)] == ["made 1", "made 1"]
    assert [path.name for path in cache.iterdir()] == ["name"]


def test_what_cannot_be_read_is_made_anew(cache, make):
    read_or_make("kind", "name", make, read)
    (cache / "name" / "graph").unlink()
    assert read_or_make("kind", "name", make, read) == "made 2"
    assert read_or_make("kind", "name", make, read) == "made 2"


def test_a_failure_leaves_nothing_behind(cache):
    with pytest.raises(ZeroDivisionError):
        read_or_make("kind", "name", lambda folder: 1 / 0, read)
    assert list(cache.iterdir()) == []


def test_without_a_place_to_write(tmp_path, monkeypatch, make):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert read_or_make("kind", "name", make, read) == "made 1"
    assert read_or_make("kind", "name", make, read) == "made 2"


def test_the_oldest_goes(cache, make, monkeypatch):
    monkeypatch.setattr(graph_cache, "MAX_ENTRIES", 2)
    for age, name in enumerate(("a", "b", "c")):
        read_or_make("kind", name, make, read)
        os.utime(cache / name, (age, age))
    read_or_make("kind", "a", make, read)
    read_or_make("kind", "d", make, read)
    assert {path.name for path in cache.iterdir()} == {"a", "d"}


def test_a_cache_that_may_only_be_read_is_read(cache, make, monkeypatch):
    read_or_make("kind", "name", make, read)

    def refuses(*_):
        raise PermissionError

    monkeypatch.setattr(graph_cache.os, "utime", refuses)
    assert read_or_make("kind", "name", make, read) == "made 1"
    assert (cache / "name").is_dir()


def test_a_cache_of_another_user_is_done_without(cache, make, monkeypatch):
    cache.mkdir(parents=True)
    stat = os.stat

    def refuses(path, *arguments, **options):
        if str(path).startswith(str(cache)):
            raise PermissionError
        return stat(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", refuses)
    assert read_or_make("kind", "name", make, read) == "made 1"


def test_a_user_without_a_home_gets_no_folder_where_the_program_runs(tmp_path, monkeypatch, make):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.chdir(tmp_path)
    assert read_or_make("kind", "name", make, read) == "made 1"
    assert list(tmp_path.iterdir()) == []


def test_what_goes_is_never_seen_in_part(cache, make, monkeypatch):
    """As of a process that is ended while it removes the files; what it leaves goes with the next old ones."""
    read_or_make("kind", "name", make, read)
    (cache / "name" / "graph").unlink()
    with monkeypatch.context() as killed:
        killed.setattr(graph_cache.tempfile.TemporaryDirectory, "cleanup", lambda self: self._finalizer.detach())
        assert read_or_make("kind", "name", lambda folder: (folder / "graph").write_text("again"), read) == "again"
    left = [path for path in cache.iterdir() if path.name != "name"]
    assert left and all(path.name.startswith(".") for path in left)
    for path in left:
        os.utime(path, (0, 0))
    monkeypatch.setattr(graph_cache, "MAX_ENTRIES", 2)
    read_or_make("kind", "other", make, read)
    assert {path.name for path in cache.iterdir()} == {"name", "other"}
