"""The closed loop in small: a drive with true depth, and what its figures mean."""

import numpy as np
import pytest

from benchmarks import closed_loop
from benchmarks.closed_loop import Episode, from_truth, run, table, widened
from benchmarks.common.obstacle_layer import ObstacleLayer
from benchmarks.common.simulated_robot import ROOMS, Corridor, Shot, drive, surface_points
from mtdense_ros.datatypes import Frame
from mtdense_ros.errors import DependencyError
from mtdense_ros.pipeline.options import PipelineOptions
from mtdense_ros.synthetic.objects.assets import Prop
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.scene import OBJECT, Part, pose


@pytest.mark.render
@pytest.mark.slow
def test_with_true_depth_the_grid_is_the_room_and_who_leaves_it_is_forgotten():
    corridor, options = Corridor(ROOMS[0], texture_size=32), PipelineOptions()
    try:
        shots = [shot for k, shot in enumerate(drive(corridor, 21, (240, 320))) if k in (0, 6, 9, 12, 15, 17, 18, 20)]
    except DependencyError as error:
        pytest.skip(str(error))
    episode = run(corridor, shots, from_truth(options), options)
    assert episode.standing.sum() > 500 and episode.floor.sum() > 1000
    assert episode.share_marked(0.3) > 0.9
    assert episode.share_false(0.1) < 0.005
    assert len(episode.left_after) > 50 and np.median(episode.left_after) <= 2 and np.isfinite(episode.left_after).mean() > 0.95


def grid(*cells):
    out = np.zeros((5, 5), bool)
    for row, column in cells:
        out[row, column] = True
    return out


def test_shares_of_marked_and_false_cells():
    standing = grid((0, 0), (0, 1), (0, 4))
    near = {t: widened(standing, t / 0.05) for t in (0.1, 0.3)}
    episode = Episode(grid((0, 0), (4, 4), (4, 3)), standing, grid((4, 1), (4, 2), (4, 3), (4, 4)), near, [1.0, np.inf])
    assert episode.share_marked(0.05) == pytest.approx(2 / 3)
    assert episode.share_false(0.1) == pytest.approx(0.5) and episode.share_false(0.3) == 0
    text = table({"true": [episode]})
    assert "66.7%" in text or "66.7 %" in text
    assert "50.0% of 2" in text


def test_frames_until_a_left_cell_is_free():
    layer = ObstacleLayer((0.0, 0.0), (1.0, 0.05))
    walker = closed_loop._Walker(layer, np.zeros_like(layer.marked))

    def look(at, marked):
        person = np.array([[at, 0.025, 1.0]]) if at is not None else np.zeros((0, 3))
        frame = Frame(np.zeros((1, 1, 3), np.uint8))
        grid = np.zeros_like(layer.marked)
        grid[0, marked] = True
        walker.look(Shot(frame, np.zeros((1, 1)), np.zeros((1, 1)), np.eye(4), person), grid)

    look(0.5, [10])
    look(0.5, [10, 11])
    look(None, [10, 11])
    look(None, [11])
    look(None, [11])
    assert sorted(walker.left_after()) == [2.0, np.inf]


def test_surface_points_lie_on_the_surface_within_the_band():
    box = Prop("box", [Part(meshes.box((0.4, 0.2, 0.6)))], OBJECT).at(pose(1.0, 2.0))
    points = surface_points([box], 0.1, 0.5)
    assert points.min(0) == pytest.approx([0.8, 1.9, 0.1], abs=0.03) and points.max(0) == pytest.approx([1.2, 2.1, 0.5], abs=0.03)
    on_side = np.isclose(np.abs(points[:, 0] - 1.0), 0.2, atol=1e-6) | np.isclose(np.abs(points[:, 1] - 2.0), 0.1, atol=1e-6)
    assert on_side.all()
    cells = {tuple(c) for c in np.floor(points[:, :2] / 0.05 + 1e-6).astype(int)}
    assert len(cells) >= 20
    assert len(surface_points([], 0.0, 1.0)) == 0
