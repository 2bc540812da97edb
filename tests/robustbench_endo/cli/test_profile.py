import re


def test_a_profile_tells_every_phase_and_the_ratio(robust_endo, tmp_path):
    options = ("-m", "tiny-resnet/mmoe", "-n", "1", "-c", "brightness", "-s", "3", "--format", "none", "--profile")
    result = robust_endo("evaluate", *options, "-o", tmp_path / "run")
    assert result.exit_code == 0, result.output
    shares = dict(re.findall(r"^ +(\w+) +[\d.]+ +(\d+)%", result.stdout, re.MULTILINE))
    assert list(shares) == ["decode", "corrupt", "forward", "metrics", "write", "idle"]
    assert 95 <= sum(map(int, shares.values())) <= 130  # the next chunk is decoded meanwhile
    assert re.search(r"\d\.\d\d times the forward passes alone", result.stdout)
