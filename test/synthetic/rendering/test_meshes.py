"""Primitives and the vertex arrays of scenes, against sizes and normals known beforehand."""

import numpy as np
import pytest

from mtdense_ros.synthetic.objects.placement import heights_at
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.scene import FURNITURE, OBJECT, Item, Part, batch, pose

SOLIDS = {
    "box": (meshes.box((0.4, 0.6, 0.8)), (0.4, 0.6, 0.8)),
    "rounded box": (meshes.rounded_box((0.4, 0.6, 0.8), 0.05), (0.4, 0.6, 0.8)),
    "cylinder": (meshes.cylinder(0.2, 0.5), (0.4, 0.4, 0.5)),
    "ellipsoid": (meshes.ellipsoid((0.1, 0.2, 0.3)), (0.2, 0.4, 0.6)),
    "loft": (meshes.loft([(0.0, 0.1, 0.2, 0.0), (0.3, 0.2, 0.3, 0.0), (0.7, 0.1, 0.1, 0.0)], 24), (0.4, 0.6, 0.7)),
    "capsule": (meshes.capsule((0, 0, 0), (0, 0, 1), 0.1), (0.2, 0.2, 1.2)),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_solid_has_its_size_and_looks_outward(name):
    mesh, size = SOLIDS[name]
    low, high = mesh.bounds()
    np.testing.assert_allclose(high - low, size, rtol=0.03)
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-4)
    outward = mesh.positions - (low + high) / 2
    assert (np.sum(outward * mesh.normals, 1) > -1e-5).all()
    assert mesh.triangles.max() < len(mesh.positions)


def test_rounded_box_is_flat_on_top():
    mesh = meshes.rounded_box((1.0, 1.0, 0.4), 0.05, (0, 0, 1))
    item = Item([Part(mesh)], pose(), FURNITURE)
    assert heights_at(item, np.array([[0, 0], [0.4, -0.4]])) == pytest.approx([1.4, 1.4], abs=1e-5)


def test_moves_and_turns():
    mesh = meshes.box((2.0, 1.0, 1.0)).turned(meshes.rotation_z(np.pi / 2)).moved((1, 0, 0)).scaled((1, 1, 2))
    np.testing.assert_allclose(mesh.bounds(), [[0.5, -1, 0], [1.5, 1, 2]], atol=1e-6)


def test_batch_numbers_instances_and_moves_them():
    box = [Part(meshes.box((1, 1, 1)))]
    vertices, triangles = batch([Item(box, pose(5, 0, 0), OBJECT), Item(box, pose(0, 7, 0), OBJECT)], first_id=3)
    assert sorted(set(vertices["ids"][:, 1])) == [3, 4]
    np.testing.assert_allclose(vertices["position"][vertices["ids"][:, 1] == 4].mean(0), [0, 7, 0.5], atol=1e-6)
    assert triangles.shape == (24, 3) and triangles.max() == 47
