"""Realism of synthetic corruptions, measured against pairs of real frames."""
