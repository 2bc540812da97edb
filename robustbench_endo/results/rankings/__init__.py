"""Rankings of models: how stable they are over subjects, over groups of corruptions and over ways to aggregate."""
