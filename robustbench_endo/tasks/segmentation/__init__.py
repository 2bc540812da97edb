"""Segmentation: a class label for every pixel."""
