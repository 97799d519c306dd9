"""Helper nodes of the demo, the doctor and the benchmarks."""
