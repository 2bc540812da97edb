"""Counter-based random numbers, and noise generated from them."""
