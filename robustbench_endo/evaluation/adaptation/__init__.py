"""Test-time adaptation: models that follow the frames of each condition, and are reset for the next."""
