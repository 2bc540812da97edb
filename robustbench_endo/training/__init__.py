"""Training: from a model and data to a checkpoint, and the rebuilding of the shipped checkpoints.

Names are declared in ``__init__.pyi`` and imported on first use, so that the command line can read the options without
torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
