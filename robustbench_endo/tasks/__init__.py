"""Tasks: what models predict, how it is scored, and how it is trained; one package per task."""
