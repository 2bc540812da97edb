"""Stage 1: pictures to damaged pictures. Nineteen corruptions, five severities, the same pixels anywhere."""

from .backend import BACKENDS, Selection, select
from .base import GROUPS, SEVERITIES, Corruption, Damage, Group, Pixels
from .catalogue import CORRUPTIONS
from .corrupted_dataset import CorruptedDataset
from .errors import CorruptionError
from .functional import corrupt, to_bytes
from .noise_source import Noise, image_key
from .suite import Resolution, Suite
from .suite_file import SUITES, load_suite
from .transforms import Corrupt, RandomCorruption
from .warp import warp_masks

__all__ = [
    "BACKENDS",
    "CORRUPTIONS",
    "GROUPS",
    "SEVERITIES",
    "SUITES",
    "Corrupt",
    "CorruptedDataset",
    "Corruption",
    "CorruptionError",
    "Damage",
    "Group",
    "Noise",
    "Pixels",
    "RandomCorruption",
    "Resolution",
    "Selection",
    "Suite",
    "corrupt",
    "image_key",
    "load_suite",
    "select",
    "to_bytes",
    "warp_masks",
]
