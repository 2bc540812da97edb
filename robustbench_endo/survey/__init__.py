"""Survey of severities: which of them clinicians call plausible."""
