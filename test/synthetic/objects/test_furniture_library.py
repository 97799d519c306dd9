"""Furniture libraries: models of the catalogue's size, upright, with their front ahead, and of a category that their name tells."""

import numpy as np
import pytest
from synthetic.objects.tiny_library import write_library

from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.synthetic.objects.assets import Assets
from mtdense_ros.synthetic.objects.furniture_categories import category_of
from mtdense_ros.synthetic.objects.furniture_library import Entry, FurnitureLibrary
from mtdense_ros.synthetic.objects.furniture_stock import HELD_OUT_LIBRARY, family_of, licence_of, load_stock
from mtdense_ros.synthetic.rendering.meshes import box
from mtdense_ros.synthetic.rendering.scene import FURNITURE, OBJECT
from mtdense_ros.synthetic.rendering.simplification import limited
from mtdense_ros.synthetic.rendering.wavefront import read_obj

BED, CUP = ("bed1", "Bed", "Bedroom", (140, 200, 90)), ("cup", "Coffee cup", "Kitchen", (8, 9, 10))
NO_ROTATION = (1.0, 0, 0, 0, 1, 0, 0, 0, 1)


def entry(name, size=(0.5, 0.5, 0.5), group="Living room", key="x"):
    return Entry(key, name, group, "x/x.obj", size, 0.0, NO_ROTATION, False, "somebody")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_library(tmp_path / "a.sh3f", "Scopia catalog", [BED, CUP, ("car", "Concept Sedan 01", "Vehicles", (180, 400, 150))])
    write_library(tmp_path / "b.sh3f", HELD_OUT_LIBRARY, [("sofa", "Sofa", "Living room", (200, 80, 80))])
    write_library(tmp_path / "c.sh3f", "Locked", [BED], licence="Creative Commons Attribution NonCommercial Attribution 3.0")
    return tmp_path


def test_models_have_the_catalogues_size_and_stand_on_the_floor_with_their_front_ahead(folder):
    library = FurnitureLibrary(folder / "a.sh3f")
    first = library.entries[0]
    assert (library.name, first.key, first.creator, first.size) == ("Scopia catalog", "bed1", "J\u00f6", (1.4, 2.0, 0.9))
    body, front = library.read(first)
    low = np.minimum(body.mesh.positions.min(0), front.mesh.positions.min(0))
    high = np.maximum(body.mesh.positions.max(0), front.mesh.positions.max(0))
    np.testing.assert_allclose([low, high], [[-0.7, -1.0, 0.0], [0.7, 1.0, 0.9]], atol=1e-6)
    # The picture replaces nothing: it is multiplied by the colour; a part of another material has its own.
    assert body.color == (0.5, 0.25, 1.0) and body.texture[0, 0].tolist() == [255, 0, 0]
    assert front.color == (0.0, 1.0, 0.0) and front.texture is None
    # The faces named last lie at the greatest z of the file, which is the front: -Y here; one is below, one above it.
    assert len(front.mesh.triangles) == 6
    assert (front.mesh.positions[:, 1] == -1.0).sum() >= 4


def test_a_rotation_comes_before_the_size(tmp_path):
    write_library(tmp_path / "a.sh3f", "A", [BED], modelRotation="1 0 0 0 0 1 0 -1 0")
    library = FurnitureLibrary(tmp_path / "a.sh3f")
    positions = np.concatenate([p.mesh.positions for p in library.read(library.entries[0])])
    np.testing.assert_allclose(np.ptp(positions, axis=0), (1.4, 2.0, 0.9), atol=1e-6)


def test_polygons_negative_indices_and_broken_faces():
    ((name, mesh),) = read_obj("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf -4 -3 -2 -1\n", "here")
    assert name == "" and mesh.triangles.shape == (2, 3)
    np.testing.assert_allclose(np.abs(mesh.normals), np.tile((0, 0, 1), (4, 1)), atol=1e-6)
    for broken in ("v 0 0 0\nf 1 2 3\n", "v 0 0 0\n", "v 0 0 0\nf 1 x 1\n", "v 0 0 0\nf 0 0 0\n"):
        with pytest.raises(InputError, match="here"):
            read_obj(broken, "here")


def test_no_library_is_an_error(tmp_path):
    (tmp_path / "a.sh3f").write_text("no zip")
    with pytest.raises(InputError, match="sweethome3d-furniture"):
        FurnitureLibrary(tmp_path / "a.sh3f")
    with pytest.raises(InputError, match="--furniture"):
        load_stock(tmp_path / "nothing", "training")
    with pytest.raises(ConfigError, match="validation"):
        load_stock(tmp_path, "test")


@pytest.mark.parametrize(
    "name, size, category",
    [
        ("Corner sofa", (2, 1, 0.8), "sofa"), ("Coffee table", (1, 0.5, 0.4), "coffee table"),
        ("Coffee cup", (0.1, 0.1, 0.1), "kitchen thing"),
        ("Table", (1, 1, 0.4), "coffee table"), ("Table", (1, 1, 0.75), "table"), ("Plant", (0.5, 0.5, 1.2), "floor plant"),
        ("Flower box", (0.5, 0.2, 0.2), "table plant"), ("Lower cabinet", (0.6, 0.6, 0.9), "kitchen base"),
        ("Sitting female", (0.6, 0.8, 1.3), "person sitting"), ("Male", (0.6, 0.4, 1.8), "person standing"),
        ("Door", (0.9, 0.1, 2.1), "door"), ("Ford Focus", (2, 4, 1.5), None), ("Palm tree", (3, 3, 9), None), ("Whatsit", (1, 1, 1), None),
        ("Bowl", (3, 3, 1), None),
    ],
)  # fmt: skip
def test_names_tell_the_category(name, size, category):
    assert category_of(entry(name, size)) == category


def test_held_out_library_is_in_the_validation_family_only(folder):
    """And neither family has cars, or a library whose licence forbids."""
    training, validation = load_stock(folder, "training"), load_stock(folder, "validation")
    assert [model.credit.key for model in training] == ["bed1", "cup"]
    assert [(model.credit.key, model.category) for model in validation] == [("sofa", "sofa")]
    assert all(family_of(model.credit) == "training" for model in training)
    assert training[0].credit.licence == "CC-BY-3.0" and training[0].credit.creator == "J\u00f6"
    again = load_stock(folder, "training")
    np.testing.assert_array_equal(again[0].primitives[0].mesh.positions, training[0].primitives[0].mesh.positions)
    assert again[0].primitives[0].texture.shape == (256, 256, 3)


def test_assets_of_libraries_alone(folder):
    assets = Assets(None, texture_size=32, furniture=folder)
    rng = np.random.default_rng(0)
    assert assets.of(rng, "bed").label == FURNITURE and assets.of(rng, "kitchen thing").label == OBJECT
    assert assets.of(rng, "sofa") is None and not assets.worlds
    assert assets.pick("top", rng).name == "kitchen thing"
    with pytest.raises(InputError, match="floor"):
        assets.pick("floor", rng)
    with pytest.raises(InputError, match="--furniture"):
        Assets(None)


def test_licences():
    assert licence_of("Public domain") == "CC0-1.0"
    assert licence_of("Creative Commons Attribution 3.0 United States license") == "CC-BY-3.0-US"
    assert licence_of("Creative Commons Attribution 3.0 ShareAlike") is None and licence_of("GPL") is None


def test_fewer_triangles_keep_the_shape():
    parts = [box((1, 1, 1)), box((0.5, 0.5, 2.0))]
    fine = [part for _ in range(20) for part in parts]
    few = limited(fine, 300)
    assert limited(parts, 300) == parts
    assert sum(len(mesh.triangles) for mesh in few) <= sum(len(mesh.triangles) for mesh in fine)
    low, high = few[0].bounds()
    np.testing.assert_allclose([low, high], [[-0.5, -0.5, 0], [0.5, 0.5, 1]], atol=0.1)
