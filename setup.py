"""Package description for colcon (ament_python). Everything that launch needs lands in share/mtdense_ros."""

from pathlib import Path

from setuptools import find_packages, setup

NAME = "mtdense_ros"
ROOT = Path(__file__).parent
SHARED_FOLDERS = ("config", "launch", "weights")


def shared_files() -> list[tuple[str, list[str]]]:
    """(folder below the prefix, files relative to this file) of everything that is installed beside the Python package."""
    entries = [("share/ament_index/resource_index/packages", [f"resource/{NAME}"]), (f"share/{NAME}", ["package.xml", "LICENSE", "NOTICE"])]
    for folder in SHARED_FOLDERS:
        for directory in (ROOT / folder, *sorted(p for p in (ROOT / folder).rglob("*") if p.is_dir() and p.name != "__pycache__")):
            files = [str(p.relative_to(ROOT)) for p in sorted(directory.glob("*")) if p.is_file()]
            if files:
                entries.append((f"share/{NAME}/{directory.relative_to(ROOT)}", files))
    return entries


setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={NAME: ["py.typed", "replay/demo_sequence/*", "replay/page/report.*"]},
    data_files=shared_files(),
    install_requires=["setuptools"],
    # Without an extra "test" that names pytest, colcon test looks for unittest and finds nothing.
    extras_require={
        "test": ["pytest", "hypothesis"],
        "train": ["moderngl", "trimesh", "pillow"],
        "data": ["h5py"],
        "export": ["onnx", "onnxruntime"],
        "onnxruntime": ["onnx", "onnxruntime"],
        "openvino": ["openvino"],
        "report": ["jinja2", "plotly"],
        "tensorboard": ["tensorboard"],
    },
    python_requires=">=3.10",
    zip_safe=False,
    maintainer="mtdense_ros maintainers",
    maintainer_email="maintainers@example.org",
    description="Dense perception for ground robots: labels, metric depth, surface normals and a foreground mask from one camera topic.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "mtdense_node = mtdense_ros.ros.node:main",
            "mtdense = mtdense_ros.cli:main",
        ]
    },
)
