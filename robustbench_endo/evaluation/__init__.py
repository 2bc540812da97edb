"""Evaluation: the plan of a run, its loop, the run folder and the engines."""
