"""The arrows of the package by its import statements: who may import whom, and where ROS may appear."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "mtdense_ros"

ROS_PACKAGES = {
    "rclpy", "sensor_msgs", "std_msgs", "std_srvs", "diagnostic_msgs", "geometry_msgs", "builtin_interfaces", "rcl_interfaces",
    "lifecycle_msgs", "vision_msgs", "cv_bridge", "message_filters", "launch", "launch_ros", "ament_index_python",
}  # fmt: skip

PURE_IN_ROS = {"worker", "ages", "faults", "frame_statistics", "capture", "budgeting", "refit"}
"""Modules of mtdense_ros.ros that must work, and are tested, without ROS."""

MAY_IMPORT = {
    "errors": set(),
    "hints": set(),
    "records": {"errors"},
    "workspace": set(),
    "strips": set(),
    "side_by_side": set(),
    "parameters": {"errors"},
    "producers": {"errors", "hints", "records"},
    "models": {"errors", "hints"},
    "budget": set(),
}
"""For the layers where little is allowed: the modules of the package that they may import."""

FORBIDDEN = {
    "ros": {"training", "evaluation", "data", "cli", "replay", "export"},
    "pipeline": {"ros", "training", "evaluation", "data", "cli", "replay", "export"},
    "composition": {"ros", "pipeline", "training", "evaluation", "data", "cli", "replay", "export"},
    "legend": {"ros", "pipeline", "training", "evaluation", "data", "cli", "replay", "export"},
    "predictor": {"ros", "pipeline", "composition", "training", "evaluation", "data", "cli", "replay", "export"},
    "card_facts": {"ros", "pipeline", "predictor", "composition", "engines", "training", "evaluation", "data", "cli", "replay", "export"},
    "engines": {"ros", "pipeline", "predictor", "training", "evaluation", "data", "cli", "replay"},
    "weights": {"ros", "pipeline", "predictor", "engines", "training", "evaluation", "data", "cli", "replay", "export"},
    "data": {"ros", "pipeline", "predictor", "engines", "training", "cli", "replay", "export"},
    "evaluation": {"ros", "training", "cli", "replay", "export"},
    "training": {"ros", "cli", "replay", "export"},
    "replay": {"ros", "training", "cli", "export"},
    "doctor": {"ros", "pipeline", "predictor", "engines", "models", "weights", "training", "evaluation", "data", "cli", "export"},
    "bench": {"ros", "pipeline", "training", "evaluation", "data", "cli", "export"},
    "export": {"ros", "pipeline", "predictor", "engines", "training", "evaluation", "data", "cli", "replay"},
    **{
        name: {"ros", "pipeline", "predictor", "engines", "weights", "models", "training", "evaluation", "data", "cli", "replay", "export"}
        for name in ("geometry", "colour", "transforms", "encodings", "clouds", "rectify", "ground", "labels", "resources", "workspace")
    },
}
"""For each layer: those above or beside it that it must not know."""

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


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_arrows(path):
    layers = own_layers(path)
    allowed = MAY_IMPORT.get(layer(path))
    if allowed is not None:
        assert layers <= allowed, f"{name_of(path)} imports {sorted(layers - allowed)}"
    wrong = layers & FORBIDDEN.get(layer(path), set())
    assert not wrong, f"{name_of(path)} imports {sorted(wrong)}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_ros_appears_only_in_the_ros_folder(path):
    found = {name.split(".")[0] for name in imported(path)} & ROS_PACKAGES
    pure = layer(path) != "ros" or path.stem in PURE_IN_ROS
    assert not (pure and found), f"{name_of(path)} imports {sorted(found)}"


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


def test_the_pipeline_works_where_no_ros_is_installed():
    """Import hooks refuse every ROS package, as a machine without ROS would."""
    program = f"""
import sys
class NoRos:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {sorted(ROS_PACKAGES)!r}:
            raise ModuleNotFoundError(f"no ROS here: {{name}}")
sys.meta_path.insert(0, NoRos())
import mtdense_ros.pipeline.pipeline, mtdense_ros.parameters
{"; ".join(f"import mtdense_ros.ros.{name}" for name in sorted(PURE_IN_ROS))}
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
