"""The renderer: meshes, textures, lights, cameras."""
