"""Scene synthesis: instruments cut out of some frames, laid on the tissue of others."""

from robustbench_endo.synthesis.settings import SynthesisConfig
from robustbench_endo.synthesis.synthesize import Synthesised, synthesize
from robustbench_endo.synthesis.utils import OnePicture

__all__ = ["OnePicture", "SynthesisConfig", "Synthesised", "synthesize"]
