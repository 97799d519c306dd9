"""`python -m mtdense_ros.cli`."""

import sys

from mtdense_ros.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
