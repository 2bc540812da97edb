"""Pictures at other sizes and places."""
