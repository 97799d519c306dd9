"""The report as an HTML page: what is in it, that it needs nothing from elsewhere, and that a browser shows it."""

import base64
import json
import re
import shutil
import subprocess

import cv2
import numpy as np
import pytest

pytest.importorskip("jinja2")
pytest.importorskip("plotly")

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.errors import ConfigError
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.point_cloud import pack_cloud
from mtdense_ros.imaging.label_spaces import load_label_space
from mtdense_ros.replay.page import write
from mtdense_ros.replay.page.frames import MOST_FRAMES, PageFrames, cloud, strip
from mtdense_ros.replay.page.write import write_page
from mtdense_ros.replay.report import Report, statistics

SPACE = load_label_space("indoor")
H, W = 120, 160


def results(seed=0):
    rng = np.random.default_rng(seed)
    rgb = cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (W, H), interpolation=cv2.INTER_CUBIC)
    labels = np.zeros((H, W), np.uint8)
    labels[:, W // 2 :] = 3
    depth = np.full((H, W), 2.0, np.float32)
    depth[0] = np.inf
    mask = np.zeros((H, W), bool)
    mask[: H // 4] = True
    normals = np.zeros((H, W, 3), np.float32)
    normals[..., 2] = -1
    points = pack_cloud(depth, RayTable.of(Intrinsics(W, H, 140.0, 140.0, 79.5, 59.5)), rgb, labels, None, mask)
    return rgb, {"labels": labels, "depth": depth, "normals": normals, "foreground": mask, "points": points}


def report(**changes):
    fields = {
        "source": "a <b>bag</b>", "model": "net", "device": "cpu", "transport": "none", "timing": "in memory", "frames_in": 3,
        "rate_in_hz": 10.0, "pacing": "in real time", "outputs": (statistics("labels", [0, 10**8], [10**7, 2 * 10**7]),),
        "accuracy": {"labels mean IoU": 0.5}, "notes": ("no depth: <none>",),
    }  # fmt: skip
    return Report(**{**fields, **changes})


def collected(count):
    frames = PageFrames(SPACE)
    for k in range(count):
        frames.add(k * 10**8, *results(k % 5), age_ms=10.0 + k)
    return frames


def data_of(path):
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', path.read_text(encoding="utf-8"), re.S)
    return json.loads(found.group(1))


def test_figures_of_every_frame_and_pictures_of_some(tmp_path):
    frames = collected(MOST_FRAMES + 50)
    path = tmp_path / "report.html"
    size = write_page(report(), frames, [], path)
    data = data_of(path)
    assert size == path.stat().st_size <= 15e6
    assert len(data["series"]["seconds"]) == MOST_FRAMES + 50 and 0.5 * MOST_FRAMES <= len(data["frames"]) <= MOST_FRAMES
    assert data["series"]["shares"][0] == [50.0, 0, 0, 50.0, 0, 0, 0] and data["series"]["changed"][0] == 25.0
    assert [entry["name"] for entry in data["classes"]] == list(SPACE.names)


def test_it_needs_nothing_from_elsewhere_and_escapes_what_it_is_given(tmp_path):
    path = tmp_path / "report.html"
    write_page(report(), collected(2), [], path)
    text = path.read_text(encoding="utf-8")
    assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="(?!data:)', text)
    assert "a &lt;b&gt;bag&lt;/b&gt;" in text and "no depth: &lt;none&gt;" in text


def test_the_strip_has_all_panels_and_the_cloud_its_points():
    (kept,) = collected(1).kept
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(strip(kept, SPACE, (1.0, 3.0))), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (192, 5 * 256, 3)
    raw, n = base64.b64decode(cloud(kept)), len(kept.points)
    assert n > 500 and len(raw) == 10 * n
    places = np.frombuffer(raw[: 6 * n], "<i2").reshape(-1, 3) * 0.005
    np.testing.assert_allclose(places, kept.points, atol=0.003)
    assert places[:, 2] == pytest.approx(2.0)
    assert set(np.frombuffer(raw[9 * n :], np.uint8)) == {0, 3}


def test_frames_without_outputs_are_shown_empty(tmp_path):
    frames = PageFrames(None)
    frames.add(0, results()[0], {}, None)
    write_page(report(accuracy={}, notes=()), frames, [], tmp_path / "report.html")
    data = data_of(tmp_path / "report.html")
    assert data["frames"][0]["n"] == 0 and data["series"]["changed"] == [None]


def test_without_its_packages_it_says_which(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "find_spec", lambda name: None if name == "plotly" else object())
    with pytest.raises(ConfigError, match="report.html needs plotly: pip install plotly"):
        write_page(report(), collected(1), [], tmp_path / "report.html")


PROBE = """<script>
window.addEventListener("error", (e) => { document.title = "error: " + e.message; });
</script>"""
ACT = """<script>
(async () => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  await wait(300);
  const scrub = document.getElementById("scrub"), before = document.getElementById("strip").src;
  scrub.value = 2; scrub.dispatchEvent(new Event("input"));
  document.getElementById("paint").click();
  const cloud = document.getElementById("cloud");
  await Plotly.relayout(cloud, {"scene.camera.eye": {x: 1.5, y: 1.5, z: 0.5}});
  await wait(300);
  const seen = { ready: document.documentElement.dataset.ready, clock: document.getElementById("clock").textContent,
    other: document.getElementById("strip").src !== before, points: cloud.data[0].x.length, color: cloud.data[0].marker.color[0],
    eye: cloud.layout.scene.camera.eye.x, charts: document.querySelectorAll(".chart .main-svg").length,
    wide: document.getElementById("strip").naturalWidth };
  if (!document.title.startsWith("error")) document.title = "seen " + JSON.stringify(seen);
})();
</script>"""


@pytest.mark.slow
def test_a_browser_shows_it_scrubs_and_turns_the_cloud(tmp_path):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium here (apt install chromium): the page is not looked at in a browser")
    path = tmp_path / "report.html"
    write_page(report(), collected(3), [], path)
    text = path.read_text(encoding="utf-8").replace("<head>", f"<head>{PROBE}").replace("</body>", f"{ACT}</body>")
    (tmp_path / "acted.html").write_text(text, encoding="utf-8")
    options = ["--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--window-size=1400,1600"]
    flags = ["--virtual-time-budget=20000", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run([chromium, *options, *flags, f"file://{tmp_path / 'acted.html'}"], capture_output=True, text=True, timeout=300)
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.S)
    assert title and title.group(1).startswith("seen "), (title and title.group(1), done.stderr[-2000:])
    seen = json.loads(title.group(1).removeprefix("seen ").replace("&amp;", "&").replace("&quot;", '"'))
    assert seen["ready"] == "yes" and seen["clock"] == "0.20 s, 3 of 3" and seen["other"] and seen["wide"] == 5 * 256
    assert seen["points"] > 500 and re.fullmatch("#[0-9a-f]{6}", seen["color"]) and seen["eye"] == 1.5 and seen["charts"] >= 3
