"""The MDEAS data set: its count, its pictures by hand, resuming, and splits that do not leak."""

import cv2
import numpy as np
import pytest

from mtdense_ros.data.datasets.registry import open_source
from mtdense_ros.data.mdeas import builder
from mtdense_ros.data.mdeas.builder import build
from mtdense_ros.data.mdeas.pairs import MdeasPairs, published
from mtdense_ros.data.mdeas.plan import Item, Plan, fitted, pasted
from mtdense_ros.errors import ConfigError, InputError

TINY = Plan(backgrounds=2, cutouts=3, scales=(1.0, 0.5), places=1, size=32, longest=12, seed=4)


def ramp(rgb):
    """A teacher: depth grows from left to right."""
    return np.broadcast_to(np.linspace(0, 1, rgb.shape[1], dtype=np.float32), rgb.shape[:2])


def contents(root):
    return {path.relative_to(root): path.read_bytes() for path in sorted(root.rglob("*.*"))}


@pytest.fixture
def sources(tmp_path):
    """Two grey backgrounds, and three opaque cut-outs of 12 x 6, 6 x 12 and 12 x 12 pixels."""
    backgrounds, cutouts = [tmp_path / f"b{k}.png" for k in range(2)], [tmp_path / f"c{k}.png" for k in range(3)]
    for k, path in enumerate(backgrounds):
        cv2.imwrite(str(path), np.full((40, 60, 3), 50 + 100 * k, np.uint8))
    for path, (height, width) in zip(cutouts, ((6, 12), (12, 6), (12, 12)), strict=True):
        cv2.imwrite(str(path), np.full((height, width, 4), 255, np.uint8))
    return backgrounds, cutouts


def test_published_count():
    plan = Plan(backgrounds=100, cutouts=100)
    assert len(plan) == 100 * 100 * 2 * 20 == 400_000
    assert plan.item(0) == Item(0, 0, False, 1.0, 0)
    assert plan.item(4007) == Item(1, 0, False, 0.8, 2)
    assert plan.item(399_999) == Item(99, 99, True, 0.4, 4)
    assert len({plan.item(k) for k in range(4000)}) == 4000


def test_positions_cover_all_but_the_last():
    plan = Plan(1, 1, size=10, longest=8)
    found = {plan.position(k, 8, 6) for k in range(200)}
    assert found == {(x, y) for x in range(2) for y in range(4)}
    assert [plan.position(k, 8, 6) for k in range(9)] != [Plan(1, 1, size=10, longest=8, seed=1).position(k, 8, 6) for k in range(9)]


@pytest.mark.parametrize("counts", [{"backgrounds": 0}, {"places": 0}, {"scales": ()}, {"scales": (1.5,)}, {"longest": 224}])
def test_impossible_plans_are_refused(counts):
    with pytest.raises(ConfigError, match="mdeas set"):
        Plan(**{"backgrounds": 1, "cutouts": 1, **counts})


def test_pasting_mixes_by_alpha():
    cutout = np.array([[[200, 0, 100, 255], [200, 0, 100, 51]]], np.uint8)
    overlay, mask = pasted(np.full((2, 4, 3), 100, np.uint8), cutout, 1, 1)
    assert mask.tolist() == [[0, 0, 0, 0], [0, 255, 51, 0]]
    assert overlay[1, 1:3].tolist() == [[200, 0, 100], [120, 80, 100]] and (overlay[0] == 100).all()


def test_what_is_transparent_does_not_colour_the_rim():
    cutout = np.zeros((8, 8, 4), np.uint8)
    cutout[:, :5] = 200, 200, 200, 255
    small = fitted(cutout, 4)  # column 2 is half opaque, its transparent half black
    assert small.shape == (4, 4, 4) and small[0, 2].tolist() == [200, 200, 200, 128] and small[0, 3, 3] == 0


def test_a_tiny_set(sources, tmp_path):
    out = tmp_path / "set"
    assert build(out, *sources, TINY, ramp, notes={"licence": "CC0-1.0"}) == len(TINY) == 24
    source = MdeasPairs(out, split="")
    assert len(source) == 24 and source.licence == "CC0-1.0" and source.dropped == 0
    assert (source.targets, source.depth_kind, source.label_space) == (("depth", "foreground"), "relative", None)
    sizes = [int((sample.foreground > 0.5).sum()) for sample in source]
    assert np.allclose(sizes, 2 * [72, 18, 72, 18, 72, 18, 72, 18, 144, 36, 144, 36], rtol=0.15, atol=4)  # masks are JPEG files
    for k, sample in enumerate(source):
        x, y = TINY.position(k, *[(12, 6), (6, 3), (6, 12), (3, 6), (12, 12), (6, 6)][(k // 4 % 3) * 2 + k % 2])
        assert sample.image[y + 1, x + 1].min() > 235 and sample.foreground[y + 1, x + 1] > 0.9
        assert np.abs(sample.background.image.astype(int) - (50 + 100 * (k // 12))).max() <= 2
        assert np.abs(sample.depth - ramp(sample.image)).max() < 0.05
    assert (out / "index.csv").read_text().splitlines()[:2] == [
        "bg;fg_bg;mask;depth", "bg/0000.jpg;fg_bg/0000/0000-00.jpg;mask/0000/0000-00.jpg;depth/0000/0000-00.jpg"]  # fmt: skip


def test_a_stopped_run_is_taken_up(sources, tmp_path, monkeypatch):
    monkeypatch.setattr(builder, "_CHUNK", 5)
    build(tmp_path / "whole", *sources, TINY, ramp)
    calls = []

    def failing(rgb):
        calls.append(1)
        if len(calls) == 13:
            raise KeyboardInterrupt
        return ramp(rgb)

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "set", *sources, TINY, failing)
    with (tmp_path / "set/index.csv").open("a") as index:
        index.write("bg/0000.jpg;fg_b")  # a line that was cut short
    assert build(tmp_path / "set", *sources, TINY, failing) == 24
    assert len(calls) == 13 + 14  # ten pairs were listed
    assert contents(tmp_path / "set") == contents(tmp_path / "whole")
    with pytest.raises(InputError, match=r"settings\.json: the set was begun with other plan"):
        build(tmp_path / "set", *sources, Plan(2, 3, (1.0,), 1, 32, 12), ramp)


def test_a_drawn_part_of_a_set(sources, tmp_path):
    for name in ("a", "b"):
        assert build(tmp_path / name, *sources, TINY, ramp, pairs=7) == 7
    lines = (tmp_path / "a/index.csv").read_text()
    assert lines == (tmp_path / "b/index.csv").read_text() and len(set(lines.splitlines())) == 8
    with pytest.raises(InputError, match="25 pairs of 24"):
        build(tmp_path / "c", *sources, TINY, ramp, pairs=25)


@pytest.mark.parametrize("depth", [np.full((32, 32), np.nan), np.full((32, 32), 1.5), np.zeros((16, 16))])
def test_a_teacher_out_of_range_is_refused(sources, tmp_path, depth):
    with pytest.raises(InputError, match="the teacher gave depth"):
        build(tmp_path / "set", *sources, TINY, lambda rgb: depth)


def test_a_cutout_without_alpha_is_named(sources, tmp_path):
    with pytest.raises(InputError, match=r"b0\.png: a cut-out needs 8-bit colours and alpha"):
        build(tmp_path / "set", sources[0], [sources[0][0]] * 3, TINY, ramp)


def write_index(root, backgrounds, cutouts):
    rows = [f"bg/{b:04d}.jpg;fg_bg/{b:04d}/{c:04d}-{v:02d}.jpg;m;d" for b in range(backgrounds) for c in range(cutouts) for v in range(2)]
    (root / "index.csv").write_text("\n".join(["bg;fg_bg;mask;depth", *rows]) + "\n")
    return rows


def parts(source):
    """(backgrounds, cut-outs) of a source, by the names in its rows."""
    return {row.bg for row in source._rows}, {row.fg_bg.split("/")[2][:4] for row in source._rows}


def test_the_clean_split_shares_no_background_and_no_cutout(tmp_path):
    write_index(tmp_path, 10, 20)
    train, val = open_source(f"mdeas:{tmp_path}@train"), open_source(f"mdeas:{tmp_path}@val")
    assert (len(train), len(val), train.dropped, val.dropped) == (7 * 14 * 2, 3 * 6 * 2, 400 - 196 - 36, 400 - 196 - 36)
    for ours, theirs in zip(parts(train), parts(val), strict=True):
        assert not ours & theirs
    assert tuple(map(len, parts(train))) == (7, 14)


def test_the_published_split_is_a_shuffle_with_seed_two(tmp_path):
    rows = write_index(tmp_path, 10, 20)
    train, val = open_source(f"mdeas:{tmp_path}@published-train"), open_source(f"mdeas:{tmp_path}@published-val")
    order = np.random.RandomState(2).permutation(400)
    assert [";".join(row) for row in (*train._rows, *val._rows)] == [rows[k] for k in order]
    assert (len(train), len(val), train.dropped) == (280, 120, 0)
    assert parts(train)[0] == parts(val)[0]  # it leaks
    assert [len(part) for part in published(10_000)] == [7000, 3000]


def test_wrong_indices_and_names_are_refused(tmp_path):
    with pytest.raises(InputError, match="no readable index"):
        MdeasPairs(tmp_path)
    write_index(tmp_path, 1, 3)
    with pytest.raises(InputError, match="cannot be divided"):
        MdeasPairs(tmp_path)
    with pytest.raises(ConfigError, match="split 'vla' is unknown; did you mean 'val'"):
        MdeasPairs(tmp_path, "vla")
    with pytest.raises(ConfigError, match="protocol 'clear' is unknown; did you mean 'clean'"):
        MdeasPairs(tmp_path, "val", "clear")
    (tmp_path / "index.csv").write_text("bg;fg_bg;mask;depth\nb;f_1.jpg;m;d\n")
    assert len(MdeasPairs(tmp_path, "")) == 1
    with pytest.raises(InputError, match=r"'f_1\.jpg' does not tell its cut-out"):
        MdeasPairs(tmp_path)
    (tmp_path / "index.csv").write_text("bg;fg_bg;mask;depth\nb;f;m\n")
    with pytest.raises(InputError, match="line 2: 3 cells where 4 are due"):
        MdeasPairs(tmp_path)
    (tmp_path / "index.csv").write_text("bg,fg_bg,mask,depth\n")
    with pytest.raises(InputError, match="expected 'bg;fg_bg;mask;depth'"):
        MdeasPairs(tmp_path)
