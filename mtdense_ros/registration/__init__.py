"""Registration of a frame against the reference frame of a still camera: how it moved, and how the light changed."""
