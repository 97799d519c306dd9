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


@pytest.fixture
def tree(repository, monkeypatch):
    """The repository as the source tree of the package."""
    monkeypatch.setattr(module, "SOURCE_TREE", repository)
    return repository


def test_commit_of_a_part_is_the_last_that_changed_it(tree):
    first, second = git(tree, "rev-parse", "HEAD~1"), git(tree, "rev-parse", "HEAD")
    assert source_commit(tree / "a") == first
    assert source_commit(tree / "b") == second


def test_commit_of_the_whole_is_the_one_at_hand(tree):
    assert source_commit() == git(tree, "rev-parse", "HEAD")


def test_a_change_that_is_not_committed_is_marked(tree):
    head = git(tree, "rev-parse", "HEAD")
    (tree / "new").write_text("not tracked")
    assert source_commit() == head
    (tree / "a" / "file").write_text("changed")
    assert source_commit() == f"{head}-dirty"
    assert source_commit(tree / "a") == f"{git(tree, 'rev-parse', 'HEAD~1')}-dirty"
    assert source_commit(tree / "b") == head


@pytest.mark.parametrize("part", [None, "a"])
def test_a_repository_that_encloses_the_package_is_another_projects(repository, monkeypatch, part):
    monkeypatch.setattr(module, "SOURCE_TREE", repository / "a")
    assert source_commit(part and repository / part) == "unknown"


def test_outside_a_repository_it_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(module, "SOURCE_TREE", tmp_path)
    assert source_commit() == "unknown"
