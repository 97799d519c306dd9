"""The order in which files are looked up."""

import sys

import pytest

from mtdense_ros.errors import WeightsError
from mtdense_ros.utils.files import find_resource, known_resources, search_folders


@pytest.fixture
def places(tmp_path, monkeypatch):
    """One folder of each kind of place, in lookup order, without the source tree."""
    named, overlay, underlay, prefix = (tmp_path / n for n in ("named", "overlay", "underlay", "prefix"))
    monkeypatch.setenv("MTDENSE_WEIGHTS_PATH", str(named))
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{overlay}:{underlay}")
    monkeypatch.setattr(sys, "prefix", str(prefix))
    folders = [named, *(p / "share" / "mtdense_ros" / "weights" for p in (overlay, underlay, prefix))]
    for folder in folders:
        folder.mkdir(parents=True)
    return folders


def find(name):
    return find_resource("weights", name, ".safetensors", WeightsError)


def test_order(places):
    searched = search_folders("weights")
    assert [f for f in searched if f in places] == places
    assert searched[1].name == "weights" and searched[1].parent.joinpath("pyproject.toml").is_file(), "the source tree comes second"
    for folder in reversed(places):
        (folder / "net.safetensors").touch()
        assert find("net") == folder / "net.safetensors"
        assert known_resources("weights", ".safetensors")["net"] == folder / "net.safetensors"


def test_the_environment_variable_is_for_weights_only(places):
    assert places[0] not in search_folders("config/labels")


def test_a_path_is_not_looked_up(places, tmp_path, monkeypatch):
    (places[0] / "net.safetensors").touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "mine.safetensors").touch()
    monkeypatch.chdir(tmp_path)
    for given in ("sub/mine", "sub/mine.safetensors", tmp_path / "sub" / "mine"):
        assert find(given).resolve() == tmp_path / "sub" / "mine.safetensors"
    with pytest.raises(WeightsError, match="sub/net.safetensors does not exist; correct the path, or give a name: did you mean 'net'"):
        find("sub/net")


def test_an_error_lists_every_place(places):
    with pytest.raises(WeightsError) as caught:
        find("absent")
    assert all(str(folder) in str(caught.value) for folder in places)


def test_empty_name():
    with pytest.raises(WeightsError, match="the name is empty"):
        find("")
