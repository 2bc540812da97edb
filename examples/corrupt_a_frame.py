"""Corrupt one frame and save it as a PNG: ``python examples/corrupt_a_frame.py``."""

from PIL import Image

import robustbench_endo as rb

data = rb.load_dataset("synthetic", split="test", frames=1)
frame = data[0].image.permute(1, 2, 0).numpy()  # uint8 (H, W, 3), as an image file gives it

# The id and the seed choose the random numbers: the same call gives the same pixels anywhere.
corrupted = rb.corrupt(frame, "smoke", severity=3, ids=[data[0].id], seed=0)
Image.fromarray(corrupted).save("smoke.png")

print(f"{frame.shape[1]} x {frame.shape[0]} pixels, mean {frame.mean():.0f} -> {corrupted.mean():.0f}: smoke.png")
print("Corruptions:", ", ".join(rb.list_corruptions()))
