"""Pictures that the camera's processing, the recorder or the network spoils."""

from .contrast import Contrast
from .elastic_transform import ElasticTransform
from .gamma_correction import GammaCorrection
from .jpeg_compression import JpegCompression
from .pixelate import Pixelate
from .saturate import Saturate
