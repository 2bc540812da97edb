"""Robustness benchmark for surgical vision models under realistic image corruptions.

The public interface. Names are declared in ``__init__.pyi`` and imported on first use, so that ``import
robustbench_endo`` is fast and reading results needs neither torch nor a GPU.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__version__ = "0.1.0"
