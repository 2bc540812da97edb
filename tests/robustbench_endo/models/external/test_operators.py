"""Operators that model files may call."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.models.external.operators import is_allowed, is_denied_method

COMPUTING = "conv2d batch_norm relu_ upsample_bilinear2d scaled_dot_product_attention linear softmax len append warn"
REACHING = "save load from_file wait record_stream set_data manual_seed set_grad_enabled _print backward"


@pytest.mark.parametrize("name", COMPUTING.split())
def test_is_allowed_for_computations(name):
    assert is_allowed("aten", name)
    assert not is_denied_method(name)


@pytest.mark.parametrize("name", REACHING.split())
def test_is_allowed_not_for_files_and_state(name):
    assert not is_allowed("aten", name)
    assert is_denied_method(name)


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("image", "write_file"), ("image", "read_file"), ("prim", "Print"), ("prim", "rpc_async"), ("aten", "unknown"),
        ("c10d", "send"), ("profiler", "_record_function_enter"), ("unknown", "unknown"), ("prim", "PythonOp"),
    ],
)  # fmt: skip
def test_is_allowed_not_for_other_namespaces(namespace, name):
    assert not is_allowed(namespace, name)


def test_is_allowed_for_no_operator_with_a_file_name():
    names = {
        tuple(schema.name.split("::"))
        for schema in torch._C._jit_get_all_schemas()
        if any("file" in each.name for each in schema.arguments)
    }
    assert {("aten", "save"), ("aten", "from_file")} <= names
    assert not [name for name in names if is_allowed(*name)]
