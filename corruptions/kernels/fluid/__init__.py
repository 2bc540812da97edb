"""Smoke, blood and droplets."""
