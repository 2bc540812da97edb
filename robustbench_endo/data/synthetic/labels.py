"""What the pixels and the frames of a synthetic scene are called."""

from __future__ import annotations

CLASSES = ("background", "shaft", "wrist", "grasper", "scissors", "suction", "duct")
"""Index = mask label. Background is all tissue but the duct, and the black outside the content circle."""

BACKGROUND, SHAFT, WRIST, GRASPER, SCISSORS, SUCTION, DUCT = range(7)

ACTIVITIES = ("exposing", "grasping", "cutting")
"""Cutting: scissors have the duct between their blades. Grasping: else, a grasper holds it. Exposing: nothing does."""

EXPOSING, GRASPING, CUTTING = range(3)
