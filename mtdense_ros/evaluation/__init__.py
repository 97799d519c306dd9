"""Streaming metrics, readers of real evaluation sets, plain baselines and the command that compares them."""
