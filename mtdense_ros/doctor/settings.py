"""Settings of the C library, OpenMP and Fast DDS that launch and scripts give to the node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from mtdense_ros.doctor.environment import Environment
from mtdense_ros.doctor.probe import FAIL, OK, WARN, Finding
from mtdense_ros.errors import ConfigError
from mtdense_ros.utils.files import find_resource
from mtdense_ros.utils.processes import MALLOC, OPENMP, PROFILE_VARIABLES

DEFAULT_SEGMENT = 512 * 1024
ENOUGH = 16 << 20
"""Bytes of a segment: Fast DDS's own, and one that holds a few frames of every output."""

FAST_DDS_2 = ("humble", "iron", "jazzy")
"""Distributions whose Fast DDS reads the first of PROFILE_VARIABLES only; later ones read the second."""

LAUNCHED = "the launch file sets it for the node; for a node started otherwise: "


@dataclass(frozen=True)
class Profile:
    """A file with Fast DDS profiles: the bytes of its shared-memory segment, or why it cannot serve."""

    path: str
    segment: int = DEFAULT_SEGMENT
    problem: str = ""


def malloc(environment: Environment) -> list[Finding]:
    """Whether the C library keeps the memory of large messages."""
    found = environment.variables.get("GLIBC_TUNABLES", "")
    if all(setting in found.split(":") for setting in MALLOC.split(":")):
        return [Finding(OK, "malloc", f"{found} ({environment.owner})")]
    text = f"GLIBC_TUNABLES is {found or 'not set'} in {environment.owner}: each large message costs page faults"
    return [Finding(WARN, "malloc", text, _remedy(environment, f"export GLIBC_TUNABLES={MALLOC}"))]


def waiting_threads(environment: Environment) -> list[Finding]:
    """Whether waiting OpenMP threads give their core to others."""
    exports = " ".join(f"{name}={value}" for name, value in OPENMP.items())
    given = {name: environment.variables[name] for name in OPENMP if environment.variables.get(name)}
    if given:
        text = ", ".join(f"{name}={value}" for name, value in given.items()) + f" ({environment.owner})"
        if {name: value.upper() for name, value in given.items()} == {"OMP_WAIT_POLICY": "ACTIVE"}:
            return [Finding(WARN, "waiting threads", f"{text}: they keep their core from camera and subscribers", f"export {exports}")]
        return [Finding(OK, "waiting threads", text)]
    text = f"neither {' nor '.join(OPENMP)} is set in {environment.owner}: threads that wait keep their core from camera and subscribers"
    return [Finding(WARN, "waiting threads", text, _remedy(environment, f"export {exports}"))]


def profile(environment: Environment) -> list[Finding]:
    """Whether a readable file makes Fast DDS use segments that hold an image."""
    name, found = "Fast DDS profile", profile_in_use(environment.variables)
    export = " ".join(f"{variable}={own_profile()}" for variable in PROFILE_VARIABLES)
    if found is None:
        text = f"{PROFILE_VARIABLES[0]} is not set in {environment.owner}: images do not fit its segments of 0.5 MiB"
        remedy = f"{_remedy(environment, f'export {export}')}; for the camera driver too: it is the sender's that counts"
        return [Finding(WARN, name, text, remedy)]
    if found.problem:
        text = f"{found.path} ({environment.owner}): {found.problem}, so Fast DDS uses its own settings"
        return [Finding(FAIL, name, text, f"export {export}")]
    if found.segment < ENOUGH:
        text = f"{found.path} ({environment.owner}): segment_size is {found.segment / 2**20:.1f} MiB, expected 16 or more"
        return [Finding(WARN, name, text, "raise segment_size and maxMessageSize, or use config/fastdds.xml")]
    return [Finding(OK, name, f"{found.path}, segments of {found.segment >> 20} MiB ({environment.owner})")]


def profile_in_use(variables: Mapping[str, str]) -> Profile | None:
    """The file that Fast DDS would read; None when it is given none."""
    distribution = variables.get("ROS_DISTRO", "")
    first, second = PROFILE_VARIABLES
    names = PROFILE_VARIABLES if not distribution else (first,) if distribution in FAST_DDS_2 else (second,)
    path = next((variables[name] for name in names if variables.get(name)), None)
    return None if path is None else read_profile(path)


def segment_of(environment: Environment) -> int:
    """Bytes of shared memory that each process takes: the segment of its profile, and one of Fast DDS itself."""
    found = profile_in_use(environment.variables) or read_profile(str(own_profile()))
    return found.segment + DEFAULT_SEGMENT


def read_profile(path: str) -> Profile:
    """The largest shared-memory segment that a file asks for."""
    try:
        root = ElementTree.parse(path).getroot()
    except OSError as error:
        return Profile(path, problem=f"cannot be read ({error.strerror})")
    except ElementTree.ParseError as error:
        return Profile(path, problem=f"is no XML ({error})")
    sizes = [int(e.text) for e in root.iter() if e.tag.rpartition("}")[2] == "segment_size" and e.text and e.text.strip().isdigit()]
    return Profile(path, max(sizes, default=DEFAULT_SEGMENT))


def own_profile() -> Path:
    """The file that comes with the package. Raises ConfigError when it is missing."""
    return find_resource("config", "fastdds", ".xml", ConfigError)


def _remedy(environment: Environment, export: str) -> str:
    return export if environment.is_node else f"{LAUNCHED}{export}"
