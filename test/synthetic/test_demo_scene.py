"""The demo sequence is a committed rendering: its scene must stay the one that was rendered, whatever training's rooms become."""

import numpy as np
import pytest
from project import DATA

from mtdense_ros.errors import DependencyError
from mtdense_ros.replay.demo_sequence import load_demo
from mtdense_ros.synthetic.demo_scene import demo_setting, on_stage
from mtdense_ros.synthetic.demo_sequence import SEED, SIZE, truth_of
from mtdense_ros.synthetic.objects.assets import Assets
from mtdense_ros.synthetic.rendering import camera
from mtdense_ros.synthetic.rendering.renderer import Renderer

pytestmark = pytest.mark.render


def test_scene_renders_to_the_committed_truth():
    if not (DATA / "assets_mit0").is_dir():
        pytest.skip(f"no models under {DATA}; set MTDENSE_DATA to the data folder")
    stock = Assets(DATA, texture_size=32, held_out=True)
    try:
        renderer = Renderer(SIZE, stock.library.layers())
    except DependencyError as error:
        pytest.skip(str(error))
    setting = demo_setting(np.random.default_rng(SEED), stock, camera.intrinsics(SIZE, 60.0))
    renderer.render(setting.items, setting.view, setting.lighting)
    added = on_stage(stock, setting, 20)
    truth = truth_of(renderer.add_foreground(added), [*setting.items, *added], len(setting.items))
    renderer.close()
    shot = load_demo()[20]
    # Another driver may rasterise an edge otherwise.
    depth = np.where(truth.depth > 0, truth.depth / 1000, np.nan)
    assert (np.abs(depth - shot.depth) < 0.002).mean() > 0.999
    assert (truth.labels == shot.labels).mean() > 0.999
    assert (truth.foreground == shot.foreground).mean() > 0.999
