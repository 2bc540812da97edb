"""The tables and figures of the paper next to the reproduced ones: terminal, HTML, LaTeX and image files."""
