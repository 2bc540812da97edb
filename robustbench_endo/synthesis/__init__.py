"""Scene synthesis: instruments cut out of some frames, laid on the tissue of others."""

from robustbench_endo.synthesis.errors import SynthesisError
from robustbench_endo.synthesis.frames import OnePicture
from robustbench_endo.synthesis.settings import Settings
from robustbench_endo.synthesis.synthesize import Synthesised, synthesize

__all__ = ["OnePicture", "Settings", "SynthesisError", "Synthesised", "synthesize"]
