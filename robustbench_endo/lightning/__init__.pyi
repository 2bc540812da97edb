from .callback import RobustnessCallback

__all__ = ["RobustnessCallback"]
