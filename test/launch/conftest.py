"""What the launch tests share. They need launch and launch_ros of a ROS 2 installation, and skip with that reason elsewhere."""

import os

import pytest


@pytest.fixture(autouse=True)
def own_environment():
    """A launch description writes into the environment of the process that runs it, here pytest."""
    saved = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(saved)
