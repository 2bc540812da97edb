"""Corruptions as imagecorruptions or the authors of EndoARSS compute them, where endo19 differs: their ``model``."""
