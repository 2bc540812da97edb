"""`pytest -m gpu` selects exactly the tests that need a GPU."""

import ast
from pathlib import Path

TESTS = Path(__file__).parent
MARKER = "mark.gpu"


def unmarked_and_falsely_marked(text: str) -> tuple[list[str], list[str]]:
    """Names of test functions that need a GPU without the marker, and that have it but do not need one."""
    module = ast.parse(text)
    everywhere = any(isinstance(node, ast.Assign) and MARKER in ast.unparse(node) for node in module.body)
    unmarked, falsely = [], []
    for node in module.body:
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        code = "\n".join(map(ast.unparse, (*node.decorator_list, node.args)))
        marked = everywhere or MARKER in code
        needs = "gpu" in {item.arg for item in node.args.args} or "not torch.cuda.is_available()" in ast.unparse(node)
        if needs and not marked:
            unmarked.append(node.name)
        # Fixtures may need the GPU for a file that is marked as a whole.
        if marked and not needs and not everywhere:
            falsely.append(node.name)
    return unmarked, falsely


def test_gpu_marker_is_on_every_test_that_needs_a_gpu():
    wrong = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text("utf-8")
        if "gpu" in text or "cuda" in text:
            wrong[path.name] = unmarked_and_falsely_marked(text)
    assert len(wrong) > 10
    assert {name: names for name, names in wrong.items() if names != ([], [])} == {}


def test_gpu_marker_check_names_what_is_wrong():
    text = "def test_a(gpu): ...\n@pytest.mark.gpu\ndef test_b(): ...\n@pytest.mark.gpu\ndef test_c(gpu): ...\n"
    assert unmarked_and_falsely_marked(text) == (["test_a"], ["test_b"])
