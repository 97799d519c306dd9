"""The node with RViz on a bag that loops, or on a camera that is running.

ros2 launch mtdense_ros demo.launch.py bag:=PATH image:=/camera/color/image_raw fixed_frame:=FRAME_ID_OF_THE_IMAGES
With a bag the time is the bag's: use_sim_time is true unless it is given. All arguments of mtdense.launch.py can be given too.
The mask needs a reference frame; while the scene is empty:
ros2 service call /mtdense/background/capture std_srvs/srv/Trigger
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, IncludeLaunchDescription, OpaqueFunction
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
            OpaqueFunction(function=_take_the_time_of_the_bag),
            IncludeLaunchDescription(PythonLaunchDescriptionSource(str(NODE_LAUNCH))),
            ExecuteProcess(
                cmd=["ros2", "bag", "play", LaunchConfiguration("bag"), "--loop", "--clock", "--rate", LaunchConfiguration("rate")],
                condition=IfCondition(NotEqualsSubstitution(LaunchConfiguration("bag"), "")),
                output="screen",
            ),
        ]
    )


def _take_the_time_of_the_bag(context: LaunchContext) -> None:
    if context.launch_configurations["bag"]:
        context.launch_configurations.setdefault("use_sim_time", "true")
