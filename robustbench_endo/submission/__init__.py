"""Submissions to a leaderboard: what a run has to be, the folder that is sent in, and its check."""
