"""The number of frames and subjects in captions."""

from robustbench_endo.reports.data.sample import describe_sample


def test_describe_sample_counts_frames_and_subjects(usual_run, make_run):
    assert describe_sample(usual_run) == "6 frames of 2 subjects"

    def one(frame, info):
        frame["subject_id"] = "OP0_img"

    assert describe_sample(make_run(gallery=False, edit=one)) == "6 frames of 1 subject"
