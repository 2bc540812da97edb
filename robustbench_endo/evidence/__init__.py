"""Evidence packs: hazards traced to corruptions, criteria, results and the records behind them; the test of the tool.

Names are declared in ``__init__.pyi`` and imported on first use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
