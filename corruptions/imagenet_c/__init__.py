"""Corruptions as the package imagecorruptions computes them, where those of endo19 differ: its ``model``."""
