from .backgrounds import SingleImageDataset
from .config import SynthesisConfig
from .run import SynthesisResult, synthesize

__all__ = ["SingleImageDataset", "SynthesisConfig", "SynthesisResult", "synthesize"]
