"""What stands in rooms."""
