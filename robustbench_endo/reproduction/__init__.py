"""The paper's tables and figures, reproduced: the experiments of each, and their numbers compared with the published.

The paper: "EndoARSS: Adapting Spatially-Aware Foundation Model for Efficient Activity Recognition and Semantic
Segmentation in Endoscopic Surgery", arXiv 2506.06830.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
