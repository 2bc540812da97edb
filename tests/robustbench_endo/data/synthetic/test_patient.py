from collections import Counter

import numpy as np

from robustbench_endo.data.synthetic.patient import FRAMES_PER_PATIENT, Patient, sample_patient


def test_sample_patient_is_a_function_of_the_random_stream(patient: Patient) -> None:
    same, other = sample_patient(np.random.default_rng(0)), sample_patient(np.random.default_rng(1))
    assert np.array_equal(same.tissue.noise, patient.tissue.noise)
    assert (same.light, same.schedule, same.duct_radius) == (patient.light, patient.schedule, patient.duct_radius)
    assert not np.array_equal(other.tissue.noise, patient.tissue.noise)


def test_sample_patient_schedules_every_activity_equally_often() -> None:
    for seed in range(5):
        schedule = sample_patient(np.random.default_rng(seed)).schedule
        assert Counter(schedule) == {0: 2, 1: 2, 2: 2}
        assert len(schedule) == FRAMES_PER_PATIENT


def test_sample_patient_stays_in_the_physical_ranges() -> None:
    for seed in range(20):
        patient = sample_patient(np.random.default_rng(seed))
        assert patient.tissue.colours.shape == (4, 3)
        assert patient.tissue.colours.min() >= 0.05
        assert patient.tissue.colours.max() <= 0.95
        assert patient.tissue.mixture[-1] == np.float64(1.0) or abs(patient.tissue.mixture[-1] - 1) < 1e-12
        assert 0 <= patient.tissue.blood < 0.35
        assert patient.scope.radius == 2.0 or 0.53 <= patient.scope.radius < 0.68
