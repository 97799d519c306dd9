"""The offline twin, and the demo: recorded frames through the same pipeline, with pictures, a bag and a report."""
