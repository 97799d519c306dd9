"""Training data: the renderer of robot-eye scenes and the sharded sets that it writes."""
