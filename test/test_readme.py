"""README.md: short, and true of the tree."""

import re
from pathlib import Path

import pytest
from documents import links, table, text
from project import ROOT

import mtdense_ros

README = text("README.md")


def test_it_is_short():
    assert len(README.splitlines()) <= 140


@pytest.mark.parametrize("name", ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))])
def test_links_lead_somewhere(name):
    assert [str(link) for link in links(name) if not link.exists()] == []


def test_it_links_to_every_document():
    linked = {path.resolve() for path in links("README.md")}
    assert [path.name for path in (ROOT / "docs").glob("*.md") if path.resolve() not in linked] == []


def test_the_map_names_every_folder_of_the_package_and_nothing_else():
    places = [Path(name) for row in table(README, "place") for name in row[0].split(", ")]
    assert [str(p) for p in places if not ((ROOT / p).exists() or (ROOT / "mtdense_ros" / p).exists())] == []
    package = {path.parent.name for path in (ROOT / "mtdense_ros").glob("*/__init__.py")}
    assert package <= {place.name for place in places}


def test_imports_are_of_public_names():
    names = re.findall(r"^ +from mtdense_ros import (\w+)$", README, re.MULTILINE)
    assert names and set(names) <= set(mtdense_ros.__all__)


def test_what_pip_installs_exists():
    files = re.findall(r"-[cr] (\S+\.txt)", README)
    assert files and all((ROOT / "scripts" / "requirements" / file).is_file() for file in files)


def test_rviz_is_installed_where_it_is_started():
    assert "rviz:=true" in README and "ros-jazzy-rviz2" in README.partition("source /opt/ros")[0]
