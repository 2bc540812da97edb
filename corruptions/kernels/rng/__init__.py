"""Random numbers by position, and what is made of them."""
