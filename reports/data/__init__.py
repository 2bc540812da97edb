"""The content of a report before it has a form: tables, curves, images and sentences of a run."""
