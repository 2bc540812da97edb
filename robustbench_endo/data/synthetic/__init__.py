"""Procedurally drawn laparoscopic scenes: the embedded default data set ``synthetic``."""

from robustbench_endo.data.synthetic.dataset import SyntheticScenes

__all__ = ["SyntheticScenes"]
