"""Calibrated confidence: temperatures and prediction sets with a promise, fitted on clean validation frames."""
