"""The engines of this machine against each other, each in a process of its own."""
