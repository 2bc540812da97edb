"""Model files that run code, read or write files, or never end."""

from __future__ import annotations

import io
import json
import pickle
import sys
import tarfile
import uuid
import warnings
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from small_files import EVALUATE, copy_base
from trap_cases import SECRET, Set, TrapCase, marker

COMMAND = (*EVALUATE, "--gallery-frames", "0", "--out", "out")

EXPRESSIONS = (
    "__import__('os').system('touch {path}')",
    "open('{path}', 'w').close() or Symbol('s0')",
    "exec(\"open('{path}', 'w').close()\")",
    "eval(\"open('{path}', 'w').close()\")",
    "(lambda: open('{path}', 'w'))()",
    "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen'][0](['touch', '{path}'])",
    "Symbol('s0', integer=True).__class__.__init__.__globals__['__builtins__']['open']('{path}', 'w')",
    "Integer(1).func.__init__.__globals__['sys'].modules['os'].system('touch {path}')",
    "Add(Symbol('s0'), Integer(open('{path}', 'w').write('x')))",
    "getattr(__import__('pathlib').Path('{path}'), 'touch')()",
)
TARGETS = (
    "torch.serialization.os.system", "torch.hub.os.system", "os.system", "torch.ops.load_library",
    "torch.ops.aten.save.default", "torch.ops.aten.from_file.default", "builtins.exec", "math.exec",
)  # fmt: skip


class Touch:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def _pickled(path: Path) -> bytes:
    return pickle.dumps({"model": Touch(path)})


def _saved(path: Path, **options: Any) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save({"model": Touch(path)}, buffer, **options)
    return buffer.getvalue()


def _tarred(path: Path) -> bytes:
    buffer, content = io.BytesIO(), _pickled(path)
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("pickle")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


PICKLES: dict[str, Callable[[Path], bytes]] = {
    "plain": _pickled,
    "zip": _saved,
    "legacy": partial(_saved, _use_new_zipfile_serialization=False),
    "tar": _tarred,
}


def _pickle_model(form: str, name: str, base: Path, folder: Path) -> Sequence[str]:
    copy_base(base, folder, "frames")
    (folder / name).write_bytes(PICKLES[form](marker(folder)))
    return [*COMMAND, "--model", f"m={name}"]


def _pickle_in_checkpoint(form: str, name: str, base: Path, folder: Path) -> Sequence[str]:
    copy_base(base, folder, "frames", "checkpoint")
    (folder / "checkpoint" / name).write_bytes(PICKLES[form](marker(folder)))
    if name != "state.pt":
        return [*COMMAND, "--model", "checkpoint"]
    (folder / "checkpoint").rename(folder / "out")
    train = ("--model", "tiny-resnet/mmoe", "--epochs", "1", "--augment", "none", "--logger", "none")
    return ["train", "--data", "frames", *train, "--out", "out"]


def _pickled_mask(base: Path, folder: Path) -> Sequence[str]:
    import numpy as np
    from PIL import Image

    root = folder / "data" / "test" / "1" / "2"
    for eye in ("left", "right"):
        for part in ("regular", "ground_truth"):
            (root / part / eye).mkdir(parents=True)
        Image.fromarray(np.full((40, 56, 3), 90, np.uint8)).save(root / "regular" / eye / "0.png")
        np.save(
            root / "ground_truth" / eye / "0.npy", np.array([Touch(marker(folder))], dtype=object), allow_pickle=True
        )
    copy_base(base, folder, "light.py")
    return [*COMMAND, "--data", "segstrong-c:data", "--model", "m=light.py:build"]


def _rewritten(base: Path, folder: Path, change: Callable[[Any], None], member: str = "models/model.json") -> list[str]:
    """``exported.pt2`` with another graph."""
    copy_base(base, folder, "frames")
    with zipfile.ZipFile(base / "exported.pt2") as source, zipfile.ZipFile(folder / "trap.pt2", "w") as target:
        for info in source.infolist():
            content = source.read(info)
            if info.filename.endswith(member):
                tree = json.loads(content)
                change(tree)
                content = json.dumps(tree).encode()
            target.writestr(info.filename, content)
    return [*COMMAND, "--model", "m=trap.pt2"]


def _replace(tree: Any, key: str, value: str) -> None:
    for child in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        _replace(child, key, value)
    if isinstance(tree, dict) and isinstance(tree.get(key), str):
        tree[key] = value


def _expression(text: str, base: Path, folder: Path) -> Sequence[str]:
    return _rewritten(base, folder, lambda tree: _replace(tree, "expr_str", text.format(path=marker(folder))))


def _guard(text: str, base: Path, folder: Path) -> Sequence[str]:
    code = text.format(path=marker(folder))
    return _rewritten(base, folder, lambda tree: tree.update({"guards_code": [code, f"({code}) or True"]}))


def _target(name: str, base: Path, folder: Path) -> Sequence[str]:
    def change(tree: Any) -> None:
        node = tree["graph_module"]["graph"]["nodes"][0]
        command = {"as_string": f"touch {marker(folder)}"}
        node.update({"target": name, "inputs": [{"name": "command", "arg": command, "kind": 1}]})

    return _rewritten(base, folder, change)


def _script(body: str, base: Path, folder: Path) -> Sequence[str]:
    import torch

    copy_base(base, folder, "frames")
    (folder.parent / "secret.bin").write_bytes(SECRET.encode() * 100)
    paths = {"path": str(marker(folder)), "secret": str(folder.parent / "secret.bin")}
    lines = "\n".join(f"    {line}" for line in body.format(**paths).splitlines())
    source = (
        f"import torch\n\n\nclass Trap(torch.nn.Module):\n  def forward(self, images):\n{lines}\n    return images\n"
    )
    (folder / "trap_source.py").write_text(source)
    specification = spec_from_file_location(f"trap_{uuid.uuid4().hex}", folder / "trap_source.py")
    if specification is None or specification.loader is None:
        raise RuntimeError(f"Cannot import {folder / 'trap_source.py'}")
    module = module_from_spec(specification)
    sys.modules[module.__name__] = module  # the compiler of TorchScript looks names up in it
    specification.loader.exec_module(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, but files exist
        torch.jit.script(module.Trap()).save(str(folder / "trap.pt"))
    return [*COMMAND, "--model", "m=trap.pt"]


SCRIPTS = {
    "save": 'torch.save(images, "{path}")',
    "save-op": 'torch.ops.aten.save(images, "{path}")',
    "from_file": 'images = images + torch.from_file("{secret}", False, 10, dtype=torch.uint8).float().mean()',
    # The result is used: torch does not write an operation without effect on the output into the archive.
    "write-through-from_file": (
        'images = images + torch.from_file("{path}", True, 10, dtype=torch.uint8).fill_(7).float().mean()'
    ),
    "endless-loop": "while images.numel() > 0:\n    images = images * 1.0",
    "endless-for": "for _ in range(9000000000000000000):\n    images = images * 1.0",
}


def model_traps(base: Path) -> list[TrapCase]:
    """All traps in model files."""
    traps: list[tuple[str, str, Set]] = []
    for form in PICKLES:
        traps += [
            ("pickle", f"{form}-{name}", partial(_pickle_model, form, name))
            for name in ("m.pt", "m.pth", "m.pt2", "m.onnx")
        ]
        traps += [
            ("pickle", f"{form}-{name}", partial(_pickle_in_checkpoint, form, name))
            for name in ("state.pt", "model.safetensors", "model.json")
        ]
    traps += [("sympify", str(n), partial(_expression, text)) for n, text in enumerate(EXPRESSIONS)]
    traps += [("guards", str(n), partial(_guard, text)) for n, text in enumerate(EXPRESSIONS)]
    traps += [("node-target", name, partial(_target, name)) for name in TARGETS]
    traps += [("torchscript", name, partial(_script, body)) for name, body in SCRIPTS.items()]
    cases = [TrapCase(kind, label, base, build) for kind, label, build in traps]
    return [*cases, TrapCase("pickle", "npy-mask", base, _pickled_mask, (2, 3)), *onnx_traps(base)]


LOCATIONS = ("../secret.bin", "../../secret.bin", "{secret}", "sub/../../secret.bin", "link.bin", "./../secret.bin")


def _field(number: int, content: bytes | int) -> bytes:
    """A field of a protocol buffer: a number, or bytes with their length."""
    if isinstance(content, int):
        return bytes([number << 3]) + _varint(content)
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def _onnx(location: str, base: Path, folder: Path) -> Sequence[str]:
    """A model whose weights are said to lie in a file outside of its folder."""
    copy_base(base, folder, "frames")
    secret = folder.parent / "secret.bin"
    secret.write_bytes(SECRET.encode() * 100)
    (folder / "link.bin").symlink_to(secret)
    entry = _field(1, b"location") + _field(2, location.format(secret=secret).encode())
    tensor = _field(1, 4) + _field(2, 1) + _field(8, b"w") + _field(13, entry) + _field(14, 1)
    node = _field(1, b"images") + _field(2, b"logits") + _field(4, b"Identity")
    graph = _field(1, node) + _field(2, b"g") + _field(5, tensor)
    (folder / "trap.onnx").write_bytes(_field(1, 8) + _field(7, graph) + _field(8, _field(2, 17)))
    return [*COMMAND, "--model", "m=trap.onnx"]


def onnx_traps(base: Path) -> list[TrapCase]:
    """ONNX files with external data outside of their folder."""
    return [TrapCase("onnx-path", str(n), base, partial(_onnx, text)) for n, text in enumerate(LOCATIONS)]
