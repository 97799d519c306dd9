"""The node with RViz on a bag that loops, or on a camera that is running.

ros2 launch mtdense_ros demo.launch.py bag:=PATH image:=/camera/color/image_raw
With a bag the time (use_sim_time) and the fixed frame of RViz are those of its images, unless they are given. All arguments of
mtdense.launch.py can be given too.
The mask needs a reference frame; while the scene is empty:
ros2 service call /mtdense/background/capture std_srvs/srv/Trigger
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, IncludeLaunchDescription, LogInfo, OpaqueFunction
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, NotEqualsSubstitution

NODE_LAUNCH = Path(__file__).resolve().parent / "mtdense.launch.py"


def generate_launch_description() -> LaunchDescription:
    """The node, RViz and, when a bag is given, its player."""
    return LaunchDescription(
        [
            DeclareLaunchArgument("bag", default_value="", description="rosbag2 to play in a loop; empty: a camera is running"),
            DeclareLaunchArgument("rate", default_value="1.0", description="playing speed of the bag"),
            DeclareLaunchArgument("image", default_value="/camera/color/image_raw", description="camera topic, of the bag or live"),
            DeclareLaunchArgument(
                "rviz", default_value="true", description="open RViz with a display for every output", choices=("true", "false")
            ),
            OpaqueFunction(function=_follow_the_bag),
            IncludeLaunchDescription(PythonLaunchDescriptionSource(str(NODE_LAUNCH))),
            ExecuteProcess(
                cmd=["ros2", "bag", "play", LaunchConfiguration("bag"), "--loop", "--clock", "--rate", LaunchConfiguration("rate")],
                condition=IfCondition(NotEqualsSubstitution(LaunchConfiguration("bag"), "")),
                output="screen",
            ),
        ]
    )


def _follow_the_bag(context: LaunchContext) -> list[LogInfo]:
    """Sets the time and RViz's fixed frame to those of the bag, where the user has set neither."""
    given = context.launch_configurations
    if not given["bag"]:
        return []
    given.setdefault("use_sim_time", "true")
    if given.get("fixed_frame"):
        return []
    try:
        from mtdense_ros.replay.bag_source import BagSource  # rosbags need not be there for a live camera

        given["fixed_frame"] = next(BagSource(Path(given["bag"]).expanduser(), given["image"]).frames()).frame_id
    except Exception as error:  # whatever it is: the node and RViz are of use without it
        return [LogInfo(msg=f"fixed_frame: not found in the bag ({error}); RViz keeps that of its file, or give fixed_frame:=FRAME_ID")]
    return []
