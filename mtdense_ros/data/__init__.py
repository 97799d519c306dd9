"""Training data: samples, sharded sets, augmentation, and the commands that render."""
