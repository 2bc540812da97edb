"""A run in other forms: terminal, LaTeX, Markdown, CSV and Parquet, and every figure as a file.

Names are declared in ``__init__.pyi`` and imported on first use: tables in a terminal need no matplotlib.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
