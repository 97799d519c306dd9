"""The arrows of the package by its import statements: who may import whom, and where ROS may appear."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT

PACKAGE = ROOT / "mtdense_ros"
TESTS = ROOT / "test"

ROS_PACKAGES = {
    "rclpy", "sensor_msgs", "std_msgs", "std_srvs", "diagnostic_msgs", "geometry_msgs", "builtin_interfaces", "rcl_interfaces",
    "lifecycle_msgs", "vision_msgs", "cv_bridge", "tf2_ros", "message_filters", "launch", "launch_ros", "ament_index_python",
}  # fmt: skip

_CORE = {"errors", "datatypes", "parameters", "utils", "models", "imaging", "geometry", "weights"}
_NODE = _CORE | {"export", "engines", "inference", "registration", "pipeline", "runtime", "budget"}

ARROWS = {
    "errors": set(),
    "datatypes": {"errors"},
    "parameters": {"errors"},
    "utils": {"errors"},
    "models": {"errors"},
    "imaging": {"errors", "datatypes", "utils"},
    "geometry": {"errors", "datatypes", "utils", "imaging"},
    "registration": {"errors", "utils"},
    "weights": {"errors", "datatypes", "utils", "models", "imaging"},
    "export": {"errors", "utils", "models", "weights"},
    "engines": {"errors", "utils", "models", "weights", "export"},
    "inference": _CORE - {"parameters"} | {"engines"},
    "pipeline": _CORE | {"inference", "registration"},
    "runtime": {"errors", "utils"},
    "budget": {"errors", "datatypes", "parameters", "utils", "engines", "inference", "pipeline", "runtime"},
    "ros": _NODE - {"export"},
    "data": {"errors", "datatypes", "utils", "imaging", "weights"},
    "synthetic": {"errors", "datatypes", "utils", "data"},
    "evaluation": _CORE | {"engines", "inference", "data"},
    "training": _CORE | {"engines", "data", "evaluation"},
    "replay": _CORE | {"inference", "pipeline", "evaluation", "synthetic"},
    "graphs": {"errors", "utils", "models", "imaging", "weights", "engines"},
    "bench": {"errors", "utils", "weights", "engines"},
    "doctor": {"errors", "parameters", "utils"},
    "cli": _NODE | {"data", "evaluation", "replay", "bench", "doctor", "graphs"},
    "__init__": {"errors", "datatypes", "inference", "pipeline"},
}
"""Every folder and file in the root of the package, and what it may import. Another one is an error: it belongs into one of these."""

FILES = sorted(PACKAGE.rglob("*.py"))


def imported(path):
    """The full names of all modules that a file imports, wherever the statement stands."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert all(alias.name != "*" for alias in node.names), f"{path}: star import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def layer(path):
    """The top-level module or folder of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def own_layers(path):
    """The layers of the package that a file imports, its own left out."""
    names = {n.split(".")[1] for n in imported(path) if n.startswith("mtdense_ros.")}
    return names - {layer(path), "__version__"}


def name_of(path):
    return str(path.relative_to(PACKAGE))


def test_the_root_of_the_package_holds_what_the_plan_names():
    found = {p.stem for p in PACKAGE.glob("*.py")} | {p.name for p in PACKAGE.iterdir() if p.is_dir() and any(p.glob("*.py"))}
    assert found == ARROWS.keys()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_arrows(path):
    wrong = own_layers(path) - ARROWS[layer(path)]
    assert not wrong, f"{name_of(path)} imports {sorted(wrong)}"


def test_arrows_run_one_way():
    """The table itself has an order: no layer reaches itself through what it may import."""
    left = dict(ARROWS)
    while left:
        free = {name for name, below in left.items() if not below & left.keys()}
        assert free, f"a circle among {sorted(left)}"
        left = {name: below for name, below in left.items() if name not in free}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_ros_appears_only_in_the_ros_folder(path):
    found = {name.split(".")[0] for name in imported(path)} & ROS_PACKAGES
    assert layer(path) == "ros" or not found, f"{name_of(path)} imports {sorted(found)}"


def test_tests_stand_in_the_folders_of_what_they_test():
    known = {p.relative_to(PACKAGE) for p in PACKAGE.rglob("*") if p.is_dir()} | {Path("benchmarks"), Path("launch"), Path(".")}
    strangers = {str(p.parent.relative_to(TESTS)) for p in TESTS.rglob("test_*.py") if p.parent.relative_to(TESTS) not in known}
    assert not strangers


def test_imports_have_no_cycles():
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}

    def targets(path):
        found = set()
        for name in imported(path):
            while name and name not in modules:
                name = name.rpartition(".")[0]
            found.add(name)
        return found - {"", "mtdense_ros"}

    graph = {name: targets(path) - {name} for name, path in modules.items()}
    while graph:
        leaves = {name for name, needs in graph.items() if not needs & graph.keys()}
        assert leaves, f"a cycle among {sorted(graph)}"
        graph = {name: needs for name, needs in graph.items() if name not in leaves}


@pytest.mark.slow
def test_the_pipeline_works_where_no_ros_is_installed():
    """Import hooks refuse every ROS package, as a machine without ROS would."""
    program = f"""
import sys
class NoRos:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {sorted(ROS_PACKAGES)!r}:
            raise ModuleNotFoundError(f"no ROS here: {{name}}")
sys.meta_path.insert(0, NoRos())
import mtdense_ros.pipeline, mtdense_ros.parameters, mtdense_ros.budget.keeper, mtdense_ros.budget.model_swap
import mtdense_ros.runtime.worker, mtdense_ros.runtime.background_capture
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
