"""`mtdense doctor`: what this machine really does, and what to change. Nothing here imports torch, OpenCV or ROS: probes do."""
