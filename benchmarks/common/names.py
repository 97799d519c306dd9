"""Names that need no ROS: the outputs that the benchmarks' sink hears, in the order of a phase's rows."""

OUTPUT_NAMES = ("labels", "depth", "normals", "foreground", "points")
