"""Point spreads."""
