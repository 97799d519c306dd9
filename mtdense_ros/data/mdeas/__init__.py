"""The MDEAS data set: overlays, masks and a teacher's depth."""
