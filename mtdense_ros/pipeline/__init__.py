"""Everything that lives between the frames of one camera."""
