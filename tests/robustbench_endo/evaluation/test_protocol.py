from dataclasses import replace

import pytest
from click.testing import CliRunner

import robustbench_endo as rb
from robustbench_endo.cli import main
from robustbench_endo.corruptions import load_suite
from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation.protocol import suite_of
from robustbench_endo.evaluation.run import run


def test_each_protocol_has_its_suite():
    assert suite_of("standard", None) == "endo19"
    assert suite_of("standard", "imagenet-c") == "imagenet-c"
    assert suite_of("endoarss", None) == suite_of("endoarss", "endoarss", resolution=(256, 256)) == "endoarss"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("papers", None), "Expected a protocol among standard, endoarss, got 'papers'"),
        (("endoarss", "endo19"), "under the protocol endoarss, got suite endo19: leave that out"),
        (("endoarss", None, "imagecorruptions"), "got backend imagecorruptions"),
        (("endoarss", None, "own", 512), "got resolution 512"),
    ],
)
def test_paper_means_all_of_it(arguments, text):
    with pytest.raises(RobustEndoError, match=text):
        suite_of(*arguments)


def test_the_paper_protocol_adds_columns_and_leaves_the_standard_ones(make_request, tmp_path):
    request = make_request(frames=2, suite=load_suite("endoarss"))
    standard = run(request)
    paper = run(replace(request, protocol="endoarss", out=tmp_path / "endoarss"))
    assert paper.info["protocol"] == "endoarss"
    assert set(paper.frame.columns) - set(standard.frame.columns) == {"endoarss_hd", "endoarss_ssim"}
    assert paper.frame[standard.frame.columns].equals(standard.frame)
    assert paper.frame["endoarss_hd"].notna().all()
    with pytest.raises(RunError, match='protocol was "standard", is "endoarss"'):
        run(replace(request, protocol="endoarss"))


def test_the_public_call_takes_the_protocols_suite(make_request):
    request = make_request(frames=1)
    results = rb.evaluate(request.models, request.dataset, "contrast", (1,), protocol="endoarss", limit=1)
    assert (results.protocol, results.info["suite"]["name"]) == ("endoarss", "endoarss")
    assert tuple(results.info["suite"]["resolution"]) == (256, 256)
    assert "endoarss_hd" in results.frame
    with pytest.raises(RobustEndoError, match="got suite imagenet-c"):
        rb.evaluate(request.models, request.dataset, "contrast", (1,), protocol="endoarss", suite="imagenet-c")


def test_the_command_refuses_another_suite_before_it_loads_a_model():
    command = ["evaluate", "--protocol", "endoarss", "--suite", "endo19", "--model", "no-such-model"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 2
    assert "Expected the suite endoarss at 256x256 under the protocol endoarss, got suite endo19" in done.output
