"""Models: the zoo (backbone x architecture), users' own models, and checkpoints of both."""

from robustbench_endo.models.checkpoint import SHIPPED, ModelCard, card_of, read_card, save_checkpoint
from robustbench_endo.models.external.processed_model import from_transformers
from robustbench_endo.models.loading import list_models, load_model
from robustbench_endo.models.validation import validate
from robustbench_endo.models.zoo import build

__all__ = [
    "SHIPPED",
    "ModelCard",
    "build",
    "card_of",
    "from_transformers",
    "list_models",
    "load_model",
    "read_card",
    "save_checkpoint",
    "validate",
]
