"""Keeping to a latency or a rate: what may be given up for it, and when."""
