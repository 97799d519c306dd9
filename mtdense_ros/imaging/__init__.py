"""Pixels: encodings, transforms, label spaces and their colours."""
