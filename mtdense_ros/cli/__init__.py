"""The command `mtdense`, one file per subcommand."""

from mtdense_ros.cli.main import main

__all__ = ["main"]
