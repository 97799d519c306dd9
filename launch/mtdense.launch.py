"""Starts the node with a parameter file, remapped camera topics and, when asked for, RViz.

ros2 launch mtdense_ros mtdense.launch.py image:=/camera/color/image_raw
ros2 launch mtdense_ros mtdense.launch.py cameras:=front,left,rear image:=/{camera}/color/image_raw
"""

from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch.utilities.type_utils import perform_typed_substitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from mtdense_ros.utils.processes import MALLOC, OPENMP, PROFILE_VARIABLES

SHARE = Path(__file__).resolve().parents[1]
NODE = "mtdense"

# name: (default, what it does). An empty default leaves the matter to the parameter file or to the node.
ARGUMENTS = {
    "namespace": ("", "namespace of the node and of RViz"),
    "params_file": (str(SHARE / "config" / "mtdense.yaml"), "file with the node's parameters"),
    "weights": ("", "name or path of the network's weights, several with commas between; empty: as in params_file"),
    "device": ("", "auto, cpu or cuda; empty: as in params_file"),
    "cameras": ("", "names of several cameras with commas between, such as front,left,rear; empty: as in params_file"),
    "image": ("image", "camera topic; with several cameras {camera} stands for the name of each"),
    "camera_info": ("", "camera_info topic; empty: in the namespace of the camera topic"),
    "image_transport": ("", "raw or compressed; empty: as in params_file"),
    "autostart": ("", "true: the node configures and activates by itself; empty: as in params_file"),
    "use_sim_time": ("", "true: time from /clock; empty: as in params_file"),
    "use_respawn": ("false", "start the node again when it dies"),
    "log_level": ("info", "debug, info, warn, error or fatal"),
    "rviz": ("false", "open RViz with a display for every output"),
    "fixed_frame": ("", "RViz's fixed frame for the clouds, such as the frame_id of the images; empty: as in the RViz file"),
}
SWITCH = ("true", "false")
CHOICES = {
    "device": ("", "auto", "cpu", "cuda"),
    "image_transport": ("", "raw", "compressed"),
    "autostart": ("", *SWITCH),
    "use_sim_time": ("", *SWITCH),
    "use_respawn": SWITCH,
    "log_level": ("debug", "info", "warn", "error", "fatal"),
    "rviz": SWITCH,
}
# Parameters that an argument of the same name overrides when it is given.
OVERRIDES = {
    "weights": list[str],
    "device": str,
    "cameras": list[str],
    "image_transport": str,
    "autostart": bool,
    "use_sim_time": bool,
}
REMAPS = ("image", "camera_info")
RVIZ_TOPICS = (
    "labels",
    "confidence",
    "labels_color",
    "depth",
    "normals",
    "normals_color",
    "foreground",
    "foreground_overlay",
    "points",
)
# What mtdense_cameras.rviz shows, of cameras of which names.
RVIZ_CAMERA_TOPICS = ("points", "labels_color", "depth", "foreground_overlay")
RVIZ_CAMERAS = ("front", "left", "rear")

# Groups of variables; a group of which the user has set any stays as it is.
ENVIRONMENT = (
    # Fast DDS 2 reads the first name, Fast DDS 3 the second.
    dict.fromkeys(PROFILE_VARIABLES, str(SHARE / "config" / "fastdds.xml")),
    {"GLIBC_TUNABLES": MALLOC},
    OPENMP,
)


def generate_launch_description() -> LaunchDescription:
    """The arguments with their texts, then the environment, RViz and the node."""
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=text, choices=CHOICES.get(name))
        for name, (default, text) in ARGUMENTS.items()
    ]
    steps = [OpaqueFunction(function=step) for step in (_check_arguments, _environment, _rviz, _node)]
    return LaunchDescription([*arguments, *steps])


def _value(context: LaunchContext, name: str, kind: type = str) -> str | bool | list[str]:
    if kind == list[str]:
        return [word.strip() for word in _value(context, name).split(",")]
    return perform_typed_substitution(context, [LaunchConfiguration(name)], kind)


def _check_arguments(context: LaunchContext) -> None:
    """Stops before anything runs: without its file a node would start with defaults, after a warning that is easy to miss."""
    file = _value(context, "params_file")
    if file and not Path(file).is_file():
        raise FileNotFoundError(f"params_file: there is no file '{file}'; correct the path, or leave the argument out")
    several = _value(context, "cameras") != ""
    for name in REMAPS:
        topic = _value(context, name)
        if several and topic not in ("", name) and "{camera}" not in topic:
            raise ValueError(f"{name}: '{topic}' is one topic for several cameras; write {{camera}} where their name belongs")
        if not several and "{camera}" in topic:
            raise ValueError(f"{name}: '{topic}' needs the names of the cameras; give them, such as cameras:=front,rear")


def _environment(context: LaunchContext) -> list[SetEnvironmentVariable]:
    unset = [group for group in ENVIRONMENT if not any(context.environment.get(name) for name in group)]
    return [SetEnvironmentVariable(name, value) for group in unset for name, value in group.items()]


def _node(context: LaunchContext) -> list[Node]:
    given = {name: kind for name, kind in OVERRIDES.items() if _value(context, name)}
    overrides = {name: ParameterValue(_value(context, name, kind), value_type=kind) for name, kind in given.items()}
    parameters = [source for source in (_value(context, "params_file"), overrides) if source]
    topics = {name: _value(context, name) for name in REMAPS if _value(context, name) not in ("", name)}
    remaps = [
        (f"{camera}/{name}" if camera else name, topic.replace("{camera}", camera))
        for camera in _value(context, "cameras", list[str])
        for name, topic in topics.items()
    ]
    return [
        Node(
            package="mtdense_ros",
            executable="mtdense_node",
            name=NODE,
            namespace=_value(context, "namespace"),
            parameters=parameters,
            remappings=remaps,
            ros_arguments=["--log-level", _value(context, "log_level")],
            respawn=_value(context, "use_respawn", bool),
            respawn_delay=2.0,
            output="screen",
        )
    ]


def _rviz(context: LaunchContext) -> list[Node | LogInfo]:
    if not _value(context, "rviz", bool):
        return []
    try:
        get_package_prefix("rviz2")
    except PackageNotFoundError:
        distribution = context.environment.get("ROS_DISTRO", "jazzy")
        return [LogInfo(msg=f"rviz:=true, but rviz2 is not installed, so only the node starts; sudo apt install ros-{distribution}-rviz2")]
    namespace, frame = _value(context, "namespace"), _value(context, "fixed_frame")
    use_sim_time = _value(context, "use_sim_time") == "true"
    several = _value(context, "cameras") != ""
    config = "mtdense_cameras.rviz" if several else "mtdense.rviz"
    node = Node(
        package="rviz2",
        executable="rviz2",
        namespace=namespace,
        arguments=["-d", str(SHARE / "config" / config), *(["-f", frame] if frame else [])],
        parameters=[{"use_sim_time": use_sim_time}] if use_sim_time else [],
        remappings=_rviz_remaps(namespace, _value(context, "cameras", list[str]) if several else []),
        output="log",
    )
    if len(_value(context, "cameras", list[str])) > len(RVIZ_CAMERAS):
        return [LogInfo(msg=f"RViz shows the first {len(RVIZ_CAMERAS)} cameras; add displays for the others there"), node]
    return [node]


def _rviz_remaps(namespace: str, cameras: list[str]) -> list[tuple[str, str]]:
    """From the topics of the configuration, which have no namespace and cameras of fixed names, to those of the node.

    Relative names resolve in RViz's own namespace.
    """
    shown = {topic: topic for topic in RVIZ_TOPICS}
    if cameras:
        pairs = zip(RVIZ_CAMERAS, cameras, strict=False)  # of fewer cameras, or the first of more
        shown = {f"{name}/{topic}": f"{camera}/{topic}" for name, camera in pairs for topic in RVIZ_CAMERA_TOPICS}
    return [(f"/{NODE}/{name}", f"{NODE}/{topic}") for name, topic in shown.items() if namespace or name != topic]
