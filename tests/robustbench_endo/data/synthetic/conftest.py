"""The default test split, drawn once."""

import pytest

from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.types import Sample


@pytest.fixture(scope="package")
def scenes() -> SyntheticScenes:
    return SyntheticScenes("test")


@pytest.fixture(scope="package")
def samples(scenes: SyntheticScenes) -> list[Sample]:
    return [scenes[index] for index in range(len(scenes))]
