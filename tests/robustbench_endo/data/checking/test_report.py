from robustbench_endo.data.checking.report import count_noun, join_names


def test_join_names_counts_what_it_leaves_out():
    assert join_names([]) == ""
    assert join_names(["a", "b", "c"]) == "a, b, c"
    assert join_names(["a", "b", "c"], 2) == "a, b and 1 more"


def test_count_noun_adds_the_plural():
    assert [count_noun(number, "pair") for number in (0, 1, 2)] == ["0 pairs", "1 pair", "2 pairs"]
