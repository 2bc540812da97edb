"""The sheet on which clinicians rate severities."""
