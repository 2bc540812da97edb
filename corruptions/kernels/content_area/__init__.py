"""Kernels of the content area: its geometry, and its fit to the pixels of a frame."""
