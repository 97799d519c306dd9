"""Trainings that differ in one thing, several seeds each, and what their difference says."""
