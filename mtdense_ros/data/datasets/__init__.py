"""Readers of public and own data sets: each a Source, from files as they are published."""
