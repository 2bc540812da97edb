"""Labels of the synthetic scenes: mask classes and activities."""

from __future__ import annotations

CLASSES = ("background", "shaft", "wrist", "grasper", "scissors", "suction", "duct")
"""Index = mask label. Background is all tissue except the duct, and the black outside the content circle."""

BACKGROUND, SHAFT, WRIST, GRASPER, SCISSORS, SUCTION, DUCT = range(7)

ACTIVITIES = ("exposing", "grasping", "cutting")
"""Cutting: scissors have the duct between their blades. Grasping: otherwise, a grasper grips it. Exposing: neither."""

EXPOSING, GRASPING, CUTTING = range(3)
