"""Pseudo labels: a teacher fills in the targets that a data set lacks."""
