"""Dense perception for ground robots: labels, metric depth, surface normals and a foreground mask."""

__version__ = "0.1.0"
