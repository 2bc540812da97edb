"""Failure detection: whether a model's confidence separates its failures from its successes."""
