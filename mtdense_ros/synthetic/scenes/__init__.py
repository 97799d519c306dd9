"""Rooms and table tops."""
