"""The node's machinery that needs no ROS."""
