"""Building blocks that more than one backbone or architecture uses."""
