"""Stored predictions of a run: label maps, probabilities and logits, and their export to other tools."""
