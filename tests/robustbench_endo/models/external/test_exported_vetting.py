"""Archives of torch.export with code in them: torch runs it, vetting refuses it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from robustbench_endo.errors import ModelError
from robustbench_endo.models import load_model

Edit = Callable[[dict], None]


def touch(marker: Path) -> str:
    return f"__import__('pathlib').Path({str(marker)!r}).touch()"


def document(edit: Edit) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        program = json.loads(content)
        edit(program)
        return json.dumps(program).encode()

    return change


def expression(marker: Path) -> Edit:
    def edit(program: dict) -> None:
        for tensor in program["graph_module"]["graph"]["tensor_values"].values():
            for size in tensor["sizes"]:
                if "as_expr" in size:
                    size["as_expr"]["expr_str"] += f" + 0*({touch(marker)} or 0)"

    return edit


def guard(marker: Path) -> Edit:
    return lambda program: program.update(guards_code=[f"{touch(marker)} is None"])


@pytest.mark.parametrize("attack", [expression, guard])
def test_vet_exported_refuses_code_that_torch_runs(exported_file, edited, tmp_path, attack):
    marker = tmp_path / "marker"
    path = edited(exported_file, {"models/model.json": document(attack(marker))})
    with pytest.raises(ModelError, match=r"in the expression .* in its member model/models/model.json .*not loaded"):
        load_model(str(path))
    assert not marker.exists()
    load_model(str(path), trust_model_file=True)(torch.rand(2, 3, 32, 40))
    assert marker.exists(), "the attack has no effect, so that the test shows nothing"


def node(**changes: object) -> Edit:
    return lambda program: program["graph_module"]["graph"]["nodes"][0].update(changes)


def constant_input(program: dict) -> None:
    program["graph_module"]["graph"]["inputs"][0] = {"as_string": "' or open('f') or '"}


def renamed(program: dict) -> None:
    program["graph_module"]["graph"]["nodes"][0]["name"] = "x = open('f'); y"


def tree(kind: str | None, context: object) -> Edit:
    def edit(program: dict) -> None:
        leaf = {"type": None, "context": None, "children_spec": []}
        entry = next(each for each in program["graph_module"]["module_call_graph"] if each["signature"])
        text = json.dumps([1, {"type": kind, "context": json.dumps(context), "children_spec": [leaf]}])
        entry["signature"]["out_spec"] = text

    return edit


def range_of_symbol(program: dict) -> None:
    program["range_constraints"]["open('f')"] = {"min_val": 2, "max_val": None}


def custom_object(program: dict) -> None:
    program["graph_module"]["graph"]["custom_obj_values"] = {"x": {"name": "x", "class_fqn": "y"}}


IMPORTING = {"default_factory_module": "x", "default_factory_name": "y", "dict_context": ["a"]}


@pytest.mark.parametrize(
    ("attack", "finding"),
    [
        (node(target="torch.hub.os.system"), "the operator torch.hub.os.system"),
        (node(target="torch.ops.aten.from_file.default"), "the operator torch.ops.aten.from_file"),
        (node(target="torch.ops.image.write_file.default"), "the operator torch.ops.image.write_file"),
        (node(target="torch.ops.higher_order.while_loop"), "the operator torch.ops.higher_order.while_loop"),
        (node(target="_operator.pow"), "the operator _operator.pow"),
        (node(target="math.factorial"), "the operator math.factorial"),
        (node(inputs=[{"name": "a=open('f')", "arg": {"as_int": 1}, "kind": 2}]), "the name"),
        (node(inputs=[{"name": "a", "arg": {"as_operator": "torch.save"}}]), "the operator torch.save"),
        (node(metadata={"source_fn_stack": "a,torch.(1)"}), "the name"),
        (constant_input, "a text as the input of a graph"),
        (renamed, 'the name "x = open'),
        (tree("collections.defaultdict", IMPORTING), "the container collections.defaultdict"),
        (tree("builtins.dict", [{"__enum__": True, "fqn": "x:y", "name": "z"}]), "the container"),
        (tree("builtins.dict", ["'] or open('f')"]), "the container"),
        (range_of_symbol, "a call of 'open'"),
        (custom_object, "a custom object"),
        (lambda program: program.update(verifiers=["a b"]), "the name 'a b'"),
    ],
)
def test_vet_exported_refuses_texts_that_torch_resolves(exported_file, edited, attack, finding):
    path = edited(exported_file, {"models/model.json": document(attack)})
    with pytest.raises(ModelError, match=finding):
        load_model(str(path))


def test_vet_exported_checks_every_program_of_an_archive(exported_file, edited, tmp_path):
    attack = document(expression(tmp_path / "marker"))
    bad = attack(b'{"graph_module": {"graph": {"tensor_values": {"x": {"sizes": [{"as_expr": {"expr_str": "1"}}]}}}}}')
    for member in ("models/other.json", "MODELS/other", "extra/serialized_exported_program.json"):
        path = edited(exported_file, {}, {member: bad})
        with pytest.raises(ModelError, match="a call of "):
            load_model(str(path))


class Marker:
    """Runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("member", ["data/weights/weight_9", "data/constants/x.PT"])
def test_vet_exported_refuses_pickles_in_any_member(exported_file, edited, tmp_path, member):
    marker, buffer = tmp_path / "marker", io.BytesIO()
    torch.save(Marker(marker), buffer)
    config = {"path_name": "weight_9", "is_param": True, "use_pickle": True, "tensor_meta": None}
    edits = {"weights_config.json": document(lambda payload: payload["config"].update(x=config))}
    path = edited(exported_file, edits if "weights" in member else {}, {member: buffer.getvalue()})
    with pytest.raises(ModelError, match="something that would have to be unpickled"):
        load_model(str(path))
    assert not marker.exists()


def test_vet_exported_of_a_nested_document_raises(exported_file, edited):
    deep = sys.getrecursionlimit() * 50
    path = edited(exported_file, {"models/model.json": lambda _: b"[" * deep + b"]" * deep})
    with pytest.raises(ModelError, match=r"nested too deeply|Cannot read the torch.export archive"):
        load_model(str(path))


def unknown_overload(program: dict) -> None:
    program["graph_module"]["graph"]["nodes"][0]["target"] = "torch.ops.aten.relu.nothing"


def test_load_exported_of_a_program_that_torch_rejects_prints_no_traceback(exported_file, edited, capfd, caplog):
    path = edited(exported_file, {"models/model.json": document(unknown_overload)})
    with pytest.raises(ModelError, match=r"Cannot load the torch.export program .*: SerializeError .*Export it again"):
        load_model(str(path))
    assert "Traceback" not in capfd.readouterr().err
    assert not caplog.records
