"""Baseline JPEG."""
