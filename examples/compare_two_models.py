"""Compare two models on the same corrupted frames, with intervals: ``python examples/compare_two_models.py``."""

import robustbench_endo as rb

NAMES = ("tiny-resnet/mmoe", "tiny-endoarss/tesla")  # two of the small models that come with the package

data = rb.load_dataset("synthetic", split="test", frames=4)
models = {name: rb.load_model(name, weights="pretrained") for name in NAMES}
results = rb.evaluate(models, data, corruptions="smoke", severities=[1])

# The difference of each model from the first one, by patient, on the same frames; four frames prove nothing.
comparison = results.compare(metric="miou")
print(comparison)
print(comparison.differences.round(2).to_string(index=False))
