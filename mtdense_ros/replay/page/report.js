"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const quiet = { displaylogo: false, responsive: true };
  const plain = { margin: { l: 50, r: 12, t: 8, b: 40 }, legend: { orientation: "h", y: -0.25 }, hovermode: "x" };
  let byClass = false, timer = null, camera = null;

  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

  // int16 x y z in 5 mm, then r g b, then the label, of n points each; shown with x to the right, z ahead and up upwards.
  function points(frame) {
    const raw = bytes(frame.cloud), n = frame.n;
    const place = new Int16Array(raw.buffer, 0, 3 * n);
    const colors = raw.subarray(6 * n, 9 * n), labels = raw.subarray(9 * n, 10 * n);
    const found = { x: [], y: [], z: [], color: [] };
    for (let i = 0; i < n; i++) {
      found.x.push(place[3 * i] * 0.005);
      found.y.push(place[3 * i + 2] * 0.005);
      found.z.push(-place[3 * i + 1] * 0.005);
      const known = data.classes[labels[i]];
      found.color.push(byClass ? (known ? known.color : "#000000")
        : `rgb(${colors[3 * i]},${colors[3 * i + 1]},${colors[3 * i + 2]})`);
    }
    return found;
  }

  function showCloud(frame) {
    const p = points(frame);
    const trace = { type: "scatter3d", mode: "markers", x: p.x, y: p.y, z: p.z, marker: { size: 2.2, color: p.color }, hoverinfo: "x+y+z" };
    const scene = { aspectmode: "data", xaxis: { title: { text: "right, m" } }, yaxis: { title: { text: "ahead, m" } },
      zaxis: { title: { text: "up, m" } }, camera: camera || { eye: { x: 0.2, y: -1.9, z: 0.6 } } };
    Plotly.react("cloud", [trace], { margin: { l: 0, r: 0, t: 0, b: 0 }, scene, uirevision: "kept" }, quiet);
    $("points").textContent = frame.n ? `${frame.n} of the points` : "no points in this frame";
  }

  function show(index) {
    const frame = data.frames[index];
    $("strip").src = `data:image/webp;base64,${frame.strip}`;
    $("clock").textContent = `${frame.t.toFixed(2)} s, ${index + 1} of ${data.frames.length}`;
    $("scrub").value = index;
    showCloud(frame);
  }

  function play() {
    if (timer) { clearInterval(timer); timer = null; } else {
      timer = setInterval(() => show((Number($("scrub").value) + 1) % data.frames.length), 150);
    }
    $("play").textContent = timer ? "Pause" : "Play";
  }

  function charts() {
    const s = data.series, time = { title: { text: "s" } };
    const shares = data.classes.map((c, i) => ({ x: s.seconds, y: s.shares.map((row) => row[i] ?? null), name: c.name,
      stackgroup: "all", mode: "lines", line: { width: 0.5, color: c.color } }));
    Plotly.newPlot("shares", shares, { ...plain, xaxis: time, yaxis: { title: { text: "% of the picture" }, range: [0, 100] } }, quiet);
    const changed = [{ x: s.seconds, y: s.changed, mode: "lines", line: { color: "#d1242f" } }];
    Plotly.newPlot("changed", changed, { ...plain, xaxis: time, yaxis: { title: { text: "% of the picture" }, rangemode: "tozero" } }, quiet);
    const ages = [{ x: s.age_ms.filter((v) => v !== null), type: "histogram", marker: { color: "#1f6feb" } }];
    Plotly.newPlot("ages", ages, { ...plain, xaxis: { title: { text: "ms" } }, yaxis: { title: { text: "frames" } } }, quiet);
  }

  charts();
  if (data.frames.length) {
    $("scrub").max = data.frames.length - 1;
    $("scrub").addEventListener("input", (e) => show(Number(e.target.value)));
    $("play").addEventListener("click", play);
    $("paint").addEventListener("click", () => {
      byClass = !byClass;
      $("paint").setAttribute("aria-pressed", byClass);
      $("paint").textContent = byClass ? "Colour by camera" : "Colour by class";
      show(Number($("scrub").value));
    });
    show(0);
    $("cloud").on("plotly_relayout", (e) => { if (e["scene.camera"]) camera = e["scene.camera"]; });
  }
  document.documentElement.dataset.ready = "yes";
})();
