"""Linear filters."""
