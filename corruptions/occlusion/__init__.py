"""Things between the lens and the scene."""

from .bleeding import Bleeding
from .brightness import Brightness
from .smoke import Smoke
from .spatter import Spatter
