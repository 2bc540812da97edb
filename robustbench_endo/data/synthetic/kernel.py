"""How the pixel loops are compiled."""

from __future__ import annotations

from numba import njit

# Division by zero gives inf, as in numpy, without a branch at every one. No fastmath: the
# order of the roundings is part of what makes the pictures the same on every machine.
kernel = njit(cache=True, error_model="numpy")
