from .base import CATEGORIES, Category, CorruptedBatch, Corruption, Px, Region, warp_masks
from .compound import CompoundCorruption
from .functional import corrupt, list_corruptions, to_bytes
from .imagecorruptions_backend import BACKENDS, Selection, select
from .registry import CORRUPTIONS
from .rng import Noise, image_key
from .severity import SEVERITIES
from .suite import Resolution, Suite
from .suite_file import SUITES, load_suite
from .transforms import Corrupt, CorruptedDataset, RandomCorruption

__all__ = [
    "BACKENDS",
    "CATEGORIES",
    "CORRUPTIONS",
    "SEVERITIES",
    "SUITES",
    "Category",
    "CompoundCorruption",
    "Corrupt",
    "CorruptedBatch",
    "CorruptedDataset",
    "Corruption",
    "Noise",
    "Px",
    "RandomCorruption",
    "Region",
    "Resolution",
    "Selection",
    "Suite",
    "corrupt",
    "image_key",
    "list_corruptions",
    "load_suite",
    "select",
    "to_bytes",
    "warp_masks",
]
