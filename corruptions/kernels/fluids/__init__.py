"""Smoke, blood and droplets, generated on a coarse grid and composited over the image."""
