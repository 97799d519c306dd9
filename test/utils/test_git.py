"""The commit that records name, against git's own answers."""

import subprocess

import pytest

from mtdense_ros.utils import git as module
from mtdense_ros.utils.git import source_commit


def git(folder, *words):
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """Two commits: the first holds a/ and b/, the second changes b/ only."""
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "user.email", "t@example.org")
    git(tmp_path, "config", "user.name", "t")
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    (tmp_path / "b" / "file").write_text("2")
    git(tmp_path, "commit", "-q", "-a", "-m", "second")
    return tmp_path


def test_commit_of_a_part_is_the_last_that_changed_it(repository):
    first, second = git(repository, "rev-parse", "HEAD~1"), git(repository, "rev-parse", "HEAD")
    assert source_commit(repository / "a") == first
    assert source_commit(repository / "b") == second


def test_commit_of_the_whole_is_the_one_at_hand(repository, monkeypatch):
    monkeypatch.setattr(module, "__file__", str(repository / "a" / "file"))
    assert source_commit() == git(repository, "rev-parse", "HEAD")


def test_outside_a_repository_it_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert source_commit(tmp_path) == "unknown"
