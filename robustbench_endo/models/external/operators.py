"""The operators that a model file may call: computations on tensors and numbers, nothing that reaches outside."""

from __future__ import annotations

from functools import lru_cache

import torch

TEXT_ARGUMENTS = frozenset(
    {
        "UPLO", "activation", "api_name", "approximate", "assert_msg", "device_type", "driver", "equation", "indexing",
        "interpolation", "mode", "norm", "ord", "p", "pad_mode", "padding", "padding_side", "reduce", "rounding_mode",
        "side", "type",
    }
)  # fmt: skip
"""Arguments of ``aten`` operators that are texts and name a variant of the computation."""

CONTAINERS = frozenset(
    {
        "Delete", "Float", "Int", "__contains__", "__getitem__", "__is__", "__isnot__", "__not__", "_set_item",
        "add", "all", "any", "append", "bool", "capitalize", "center", "clear", "copy", "count", "device",
        "dict", "endswith", "eq", "expandtabs", "extend", "find", "format", "ge", "get", "gt", "hash", "index",
        "insert", "isalnum", "isalpha", "isdecimal", "isdigit", "islower", "isspace", "isupper", "items",
        "join", "keys", "le", "len", "list", "lower", "lstrip", "lt", "ne", "ord", "partition", "percentFormat",
        "pop", "popitem", "remove", "replace", "reverse", "rfind", "rindex", "rpartition", "rsplit", "rstrip",
        "setdefault", "slice", "sort", "sorted", "split", "splitlines", "startswith", "str", "strip", "title",
        "update", "upper", "values", "warn",
    }
)  # fmt: skip
"""``aten`` operators on texts, lists and dicts."""

DENIED = frozenset(
    {
        "save", "load", "from_file", "wait", "record_stream", "manual_seed", "seed", "set_data", "set_", "backward",
        "_backward", "dist_backward", "grad", "to_here", "local_value", "confirmed_by_owner", "is_owner", "owner",
        "owner_name", "_print", "set_grad_enabled", "retain_grad", "requires_grad_", "_cufft_set_plan_cache_max_size",
        "_cufft_clear_plan_cache", "_propagate_xla_data", "data_ptr",
    }
)  # fmt: skip
"""``aten`` operators that reach files, other processes, the state of this one, or memory by address."""

UNCHECKED = ("sparse", "nested", "_test_")
"""Parts of names of operators that trust their arguments, or that only the tests of torch use."""

_TYPES = (
    "Tensor", "int", "float", "bool", "number", "complex", "Device", "Any", "AnyEnumType", "t", "t1", "t2", "tVal",
)  # fmt: skip

PRIM = frozenset(
    {
        "NumToTensor", "RaiseException", "TupleIndex", "TupleUnpack", "Uninitialized", "abs", "data", "device", "dtype",
        "index", "is_cpu", "is_cuda", "is_meta", "is_mkldnn", "is_mps", "is_nested", "is_quantized", "is_sparse",
        "is_sparse_csr", "is_xla", "is_xpu", "itemsize", "layout", "max", "min", "nbytes", "rangelist",
        "requires_grad", "tolist", "type", "unchecked_cast", "unchecked_unwrap_optional", "EnumName", "EnumValue",
        "ConstantChunk", "shape", "ModuleContainerIndex", "StringIndex",
    }
)  # fmt: skip

TORCHVISION = frozenset(
    {
        "nms", "roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d", "box_iou_rotated", "qnms",
        "qroi_align",
    }
)  # fmt: skip


def is_allowed(namespace: str, name: str) -> bool:
    """Whether a model file may call an operator; one that is not known is not allowed.

    >>> is_allowed("aten", "conv2d"), is_allowed("aten", "save"), is_allowed("image", "write_file")
    (True, False, False)
    """
    if namespace == "aten":
        return name in _aten()
    if namespace == "prim":
        return name in PRIM
    if namespace == "torchvision":
        return name in TORCHVISION
    return namespace in ("quantized", "prims") and (namespace, name) in _registered()


def is_denied_method(name: str) -> bool:
    """Whether a method of a value would call an operator that is not allowed: ``x.save(...)`` is ``aten::save``.

    >>> is_denied_method("save"), is_denied_method("forward")
    (True, False)
    """
    return name in DENIED or (("aten", name) in _registered() and name not in _aten())


@lru_cache(maxsize=1)
def _registered() -> frozenset[tuple[str, str]]:
    names = (schema.name.partition("::") for schema in torch._C._jit_get_all_schemas())
    return frozenset((namespace, name) for namespace, _, name in names)


@lru_cache(maxsize=1)
def _aten() -> frozenset[str]:
    """Names of which every overload takes and returns only tensors and numbers, and texts that name a variant."""
    overloads: dict[str, bool] = {}
    for schema in torch._C._jit_get_all_schemas():
        namespace, _, name = schema.name.partition("::")
        if namespace == "aten":
            overloads[name] = overloads.get(name, True) and _is_numerical(schema)
    numerical = {name for name, allowed in overloads.items() if allowed}
    unchecked = {name for name in numerical if any(part in name for part in UNCHECKED)}
    return frozenset((numerical | (CONTAINERS & set(overloads))) - DENIED - unchecked)


def _is_numerical(schema: torch.FunctionSchema) -> bool:
    arguments = all(_is_value(str(each.type), each.name) for each in schema.arguments)
    return arguments and all(_is_value(str(each.type), "") for each in schema.returns)


def _is_value(kind: str, name: str) -> bool:
    words = kind.replace("Optional", "").replace("List", "").replace("Dict", "").replace("Tuple", "")
    parts = [part.strip() for part in words.replace("[", ",").replace("]", ",").split(",") if part.strip()]
    texts = "str" in parts
    return (not texts or name in TEXT_ARGUMENTS) and all(part in (*_TYPES, "str", "Generator") for part in parts)
