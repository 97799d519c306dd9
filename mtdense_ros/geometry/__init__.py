"""Depth, cameras, point clouds and the ground plane: arithmetic on arrays."""
