"""Adapters of foreign checkpoints."""
