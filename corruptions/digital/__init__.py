"""Errors of the camera processing, the recorder or the network."""

from robustbench_endo.corruptions.digital.contrast import Contrast
from robustbench_endo.corruptions.digital.elastic_transform import ElasticTransform
from robustbench_endo.corruptions.digital.gamma_correction import GammaCorrection
from robustbench_endo.corruptions.digital.jpeg_compression import JpegCompression
from robustbench_endo.corruptions.digital.pixelate import Pixelate
from robustbench_endo.corruptions.digital.saturate import Saturate
