"""What a report says, before it has a form: numbers, rows, pictures and sentences of a run."""
