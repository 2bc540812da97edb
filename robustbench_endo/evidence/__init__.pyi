from .self_test import run_self_test

__all__ = ["run_self_test"]
