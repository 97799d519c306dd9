"""Renders rooms, furnished worlds and table tops with exact truth, from a folder of models and from procedural parts."""
