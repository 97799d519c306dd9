"""Data sets by one line of text."""

import pickle

import cv2
import numpy as np
import pytest

from mtdense_ros.data.datasets.folder import FolderSource
from mtdense_ros.data.datasets.nyuv2 import NyuFolderSource
from mtdense_ros.data.datasets.registry import KINDS, open_source
from mtdense_ros.errors import ConfigError, InputError


@pytest.fixture
def root(tmp_path):
    """Two pictures that every reader of folders called rgb can take."""
    folder = tmp_path / "set"
    (folder / "rgb").mkdir(parents=True)
    for name in ("a", "b"):
        cv2.imwrite(str(folder / f"rgb/{name}.png"), np.zeros((6, 8, 3), np.uint8))
    (folder / "dataset.yaml").write_text("image: rgb/*.png\nsplits: {val: val.txt}\n")
    (folder / "val.txt").write_text("b\n")
    return folder


def test_kind_path_and_split(root):
    whole, part = open_source(f"folder:{root}"), open_source(f"folder:{root}@val")
    assert isinstance(whole, FolderSource) and (len(whole), len(part)) == (2, 1)
    assert (whole.name, part.name) == ("set", "set@val")
    assert isinstance(open_source(f"nyuv2:{root}"), NyuFolderSource)


def test_a_folder_may_have_the_sign_in_its_name(root):
    moved = root.rename(root.with_name("set@home"))
    assert len(open_source(f"folder:{moved}")) == 2 and len(open_source(f"folder:{moved}@val")) == 1


def test_the_home_folder_is_known(root, monkeypatch):
    monkeypatch.setenv("HOME", str(root.parent))
    assert len(open_source("folder:~/set@val")) == 1


@pytest.mark.parametrize("text", ["floder:/x", "/data/mine", ""])
def test_an_unknown_kind_lists_the_known(text):
    with pytest.raises(ConfigError, match="unknown; write KIND:PATH or KIND:PATH@SPLIT, .*known: camvid, folder, kitti"):
        open_source(text)


@pytest.mark.parametrize("text", ["folder:/nowhere", "folder:/nowhere@val", "folder:"])
def test_a_folder_that_is_not_there_is_named(text):
    with pytest.raises(InputError, match="is no folder that exists"):
        open_source(text)


def test_a_split_of_a_sequence_is_refused(root):
    with pytest.raises(InputError, match="has no splits, and 'val' was asked for"):
        open_source(f"tum:{root}@val")


def test_sources_travel_to_other_processes(root):
    assert len(pickle.loads(pickle.dumps(open_source(f"folder:{root}")))) == 2


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_reader_refuses_an_empty_folder(kind, tmp_path):
    with pytest.raises(InputError, match=str(tmp_path)):
        open_source(f"{kind}:{tmp_path}")
