"""Classification: one label for every frame, such as the surgical activity."""
