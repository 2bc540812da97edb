"""Models, data and results on the Hugging Face hub (extra `hub`)."""
