"""Who computes the chunks of a run: this process, or the workers of a cluster."""
