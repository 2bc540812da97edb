"""Procedurally rendered laparoscopic scenes: the built-in default data set ``synthetic``."""

from robustbench_endo.data.synthetic.dataset import SyntheticScenes

__all__ = ["SyntheticScenes"]
