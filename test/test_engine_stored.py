"""Graphs in the user's cache: made once, made anew where they cannot be read, and done without where nothing can be written."""

import os

import pytest

from mtdense_ros.engines import stored
from mtdense_ros.engines.stored import read_or_make


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
    monkeypatch.setattr(stored, "MOST_ENTRIES", 2)
    for age, name in enumerate(("a", "b", "c")):
        read_or_make("kind", name, make, read)
        os.utime(cache / name, (age, age))
    read_or_make("kind", "a", make, read)
    read_or_make("kind", "d", make, read)
    assert {path.name for path in cache.iterdir()} == {"a", "d"}
