"""Stage 1: pictures to damaged pictures. Nineteen corruptions, five severities, the same pixels anywhere."""

from .base import GROUPS, SEVERITIES, Corruption, Damage, Group, Pixels
from .catalogue import CORRUPTIONS
from .errors import CorruptionError
from .functional import corrupt, to_bytes
from .noise_source import Noise, image_key
from .suite import Resolution, Suite
from .suite_file import SUITES, load_suite

__all__ = [
    "CORRUPTIONS",
    "GROUPS",
    "SEVERITIES",
    "SUITES",
    "Corruption",
    "CorruptionError",
    "Damage",
    "Group",
    "Noise",
    "Pixels",
    "Resolution",
    "Suite",
    "corrupt",
    "image_key",
    "load_suite",
    "to_bytes",
]
