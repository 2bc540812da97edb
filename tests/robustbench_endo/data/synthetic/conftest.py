"""The default test split, rendered once, and one patient."""

import numpy as np
import pytest

from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.data.synthetic.patient import Patient, sample_patient
from robustbench_endo.types import Sample


@pytest.fixture(scope="package")
def scenes() -> SyntheticScenes:
    return SyntheticScenes("test")


@pytest.fixture(scope="package")
def samples(scenes: SyntheticScenes) -> list[Sample]:
    return [scenes[index] for index in range(len(scenes))]


@pytest.fixture(scope="package")
def patient() -> Patient:
    return sample_patient(np.random.default_rng(0))
