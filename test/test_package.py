"""package.xml, setup.py and the tree agree: names, versions, dependencies, installed files."""

import ast
import re
import runpy
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import setuptools
from project import ROOT

import mtdense_ros

# Imported module: the package.xml dependency that brings it.
DEPENDENCY = {
    "cv2": "python3-opencv",
    "numpy": "python3-numpy",
    "yaml": "python3-yaml",
    "tf2_ros": "tf2_ros_py",
}
FROM_PIP = {"torch", "safetensors", "rosbags"}
"""What no rosdep key can bring to a robot; pinned in scripts/requirements/core.txt, as package.xml says."""
# Extras of setup.py, which run in the environment of scripts/setup: training and rendering, NYUv2's .mat, the export, the report.
EXTRAS_ONLY = {"moderngl", "trimesh", "PIL", "h5py", "onnx", "onnxruntime", "openvino", "jinja2", "plotly"}


@pytest.fixture(scope="module")
def manifest() -> ElementTree.Element:
    return ElementTree.parse(ROOT / "package.xml").getroot()


@pytest.fixture(scope="module")
def setup_arguments() -> dict:
    """What setup.py hands to setuptools."""
    captured = {}
    original, setuptools.setup = setuptools.setup, lambda **arguments: captured.update(arguments)
    try:
        runpy.run_path(str(ROOT / "setup.py"))
    finally:
        setuptools.setup = original
    return captured


def declared(manifest: ElementTree.Element) -> set[str]:
    return {e.text for e in manifest if e.tag in ("depend", "exec_depend", "test_depend")}


def top_level_imports(folder: Path) -> dict[str, Path]:
    found = {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found.update({alias.name.split(".")[0]: path for alias in node.names})
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found[node.module.split(".")[0]] = path
    return found


def test_package_xml_is_what_colcon_takes_for_an_ament_python_package(manifest):
    assert manifest.get("format") == "3"
    assert manifest.findtext("name") == "mtdense_ros"
    assert manifest.findtext("export/build_type") == "ament_python"
    assert manifest.findtext("license") == "Apache-2.0"
    # A malformed address silently makes a plain Python package of it, which `ros2` never finds.
    assert re.fullmatch(r"[-\w.]+@[-\w]+(\.\w+)+", manifest.find("maintainer").get("email"))
    assert manifest.findtext("maintainer") == "mtdense_ros maintainers"


def test_versions_and_names_agree(manifest, setup_arguments):
    changelog = re.search(r"^(\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)\n-+$", (ROOT / "CHANGELOG.rst").read_text(), re.MULTILINE)
    assert manifest.findtext("version") == setup_arguments["version"] == mtdense_ros.__version__ == changelog[1]
    for key in ("name", "maintainer", "license", "description"):
        assert setup_arguments[key] == manifest.findtext(key), key
    assert setup_arguments["maintainer_email"] == manifest.find("maintainer").get("email")


@pytest.mark.parametrize("folder", ["mtdense_ros", "launch"])
def test_every_import_is_declared(manifest, folder):
    names = declared(manifest)
    for module, path in top_level_imports(ROOT / folder).items():
        if module in sys.stdlib_module_names or module == "mtdense_ros" or module in EXTRAS_ONLY | FROM_PIP:
            continue
        assert DEPENDENCY.get(module, module) in names, f"{path.relative_to(ROOT)} imports {module}, which package.xml does not declare"


def test_rosdep_has_nothing_to_skip(manifest):
    """No key that pip resolves, none that brings a screen to a headless robot, none that is older than what was tested."""
    names = declared(manifest)
    assert not [name for name in names if name.endswith("-pip")] and not names & {"rviz2", "python3-torch"}
    pinned = (ROOT / "scripts" / "requirements" / "core.txt").read_text()
    assert all(f"\n{name}==" in f"\n{pinned}" for name in FROM_PIP)
    assert manifest.find("url") is not None


def test_the_libraries_of_the_extras_stay_out_of_the_running_node():
    for module, path in top_level_imports(ROOT / "mtdense_ros" / "ros").items():
        assert module not in EXTRAS_ONLY, f"{path.relative_to(ROOT)} imports {module}"


def test_setup_installs_everything_that_launch_needs(setup_arguments):
    installed = {f"{folder}/{Path(file).name}" for folder, files in setup_arguments["data_files"] for file in files}
    assert {"share/ament_index/resource_index/packages/mtdense_ros", "share/mtdense_ros/package.xml"} <= installed
    needed = [p.relative_to(ROOT) for kind in ("config", "launch", "weights") for p in (ROOT / kind).rglob("*") if p.is_file()]
    for path in (p for p in needed if "__pycache__" not in p.parts):
        assert f"share/mtdense_ros/{path}" in installed
    assert not any("__pycache__" in file for _, files in setup_arguments["data_files"] for file in files)


def test_setup_installs_every_module_and_both_scripts(setup_arguments):
    folders = {p.parent.relative_to(ROOT) for p in (ROOT / "mtdense_ros").rglob("*.py")}
    assert set(setup_arguments["packages"]) == {".".join(f.parts) for f in folders}
    assert setup_arguments["entry_points"]["console_scripts"] == [
        "mtdense_node = mtdense_ros.ros.node:main",
        "mtdense = mtdense_ros.cli:main",
    ]
    # Otherwise colcon test looks for unittest and finds nothing.
    assert "pytest" in setup_arguments["extras_require"]["test"]
    # `ros2 run` and launch look for executables here, not in bin.
    assert "install_scripts=$base/lib/mtdense_ros" in (ROOT / "setup.cfg").read_text()


@pytest.mark.parametrize("script", ["scripts/setup", "scripts/test", "scripts/demo", "scripts/environment", ".ci/run"])
def test_shell_scripts_parse(script):
    result = subprocess.run(["bash", "-n", str(ROOT / script)], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_every_requirement_is_pinned():
    for path in (ROOT / "scripts" / "requirements").glob("*.txt"):
        for line in path.read_text().splitlines():
            assert not line or line.startswith("#") or re.fullmatch(r"[\w.-]+==[\w.]+(; python_version [<>=]+ \"3\.\d+\")?", line), line
    assert "torch==2.13.0\n" in (ROOT / "scripts" / "requirements" / "core.txt").read_text()
