"""Names that need no ROS: the outputs that the benchmarks' sink subscribes to, in the order of a phase's rows."""

OUTPUT_NAMES = ("labels", "depth", "normals", "foreground", "points")
