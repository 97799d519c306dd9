"""Training of the package's networks; nothing outside the command line imports it."""
