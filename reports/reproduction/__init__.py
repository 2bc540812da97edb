"""The paper's tables and figures beside those made again: terminal, HTML, LaTeX and pictures."""
