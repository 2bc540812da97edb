"""Numerical kernels of the corruptions."""
