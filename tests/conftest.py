"""Fixtures of all tests: small synthetic data, real frames, one browser, the site, the GPU, Triton's interpreter."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

FolderMaker = Callable[..., Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folder of the longest test: at the end, the other workers would wait for it."""
    items.sort(key=lambda item: "tests/tools/" not in item.nodeid)


@pytest.fixture
def make_folder(tmp_path: Path) -> FolderMaker:
    """Write a data folder in the layout of EndoARSS: ``split/activity/image|mask``, frames of two patients."""

    def make(
        frames: int = 2, splits: tuple[str, ...] = ("test",), activities: tuple[str, ...] = ("1", "2"), size=(48, 64)
    ) -> Path:
        root = tmp_path / "data"
        random = np.random.default_rng(0)
        for split in splits:
            for activity in activities:
                folder = root / split / activity
                for number in range(frames):
                    write_frame(folder, f"OP{1 + number % 2}_img_{number:02d}.png", size, random)
        return root

    return make


def write_frame(folder: Path, name: str, size: tuple[int, int], random: np.random.Generator) -> None:
    """One frame with a bright instrument (label 1) and its tip (label 2) on tissue."""
    height, width = size
    image = random.integers(60, 140, (height, width, 3)).astype(np.uint8)
    mask = np.zeros(size, np.uint8)
    top = int(random.integers(4, height // 2))
    mask[top : top + height // 4, 4 : width // 2] = 1
    mask[top : top + height // 4, width // 2 : width // 2 + 8] = 2
    image[mask > 0] = (200, 200, 210)
    for kind, pixels in (("image", image), ("mask", mask)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / kind / name)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real surgical frames next to the checkout; they are not part of the project."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("real surgical frames are not part of the repository: ../shared/data is absent")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium, one per process; the test is skipped where it is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("Chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def visit(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """A function that opens a page (a file, or text); ``messages`` and ``requests`` collect what it logs and loads."""

    def go(text: str | Path, **options: Any) -> Any:
        file = text if isinstance(text, Path) else tmp_path_factory.mktemp("page") / "report.html"
        if isinstance(text, str):
            file.write_text(text, "utf-8")
        page = browser.new_page(**{"viewport": {"width": 1440, "height": 1000}, **options})
        page.messages, page.requests = [], []
        page.on("console", lambda message: page.messages.append(message.text))
        page.on("pageerror", lambda error: page.messages.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(file.as_uri())
        return page

    return go


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation site, as `make docs` builds it; it is built once for all processes of pytest-xdist."""
    for tool in ("sphinx", "furo", "myst_parser", "sphinx_click"):
        pytest.importorskip(tool, reason=f"{tool} is not installed: pip install 'robustbench-endo[docs]'")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "docs"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "index.html").exists():
            report = folder.with_suffix(".html")
            report.write_text("<!doctype html><title>The demo's report</title>")
            script = Path(__file__).parents[1] / "docs" / "build_site.py"
            command = [sys.executable, script, "--out", folder, "--report", report]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture(scope="session")
def gpu() -> Any:
    """The current GPU; tests that are marked `gpu` are skipped without one.

    ROBUST_ENDO_TEST_GPU=cpu lets the CPU take its place, which checks such tests where there is no GPU.
    """
    import torch  # most tests of tools do without

    if os.environ.get("ROBUST_ENDO_TEST_GPU") == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return torch.device("cuda", torch.cuda.current_device())


@pytest.fixture(scope="session")
def triton_launches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What triton_kernels/run_interpreter.py prints, as a file; it runs once for all processes of pytest-xdist."""
    if find_spec("triton") is None:
        pytest.skip("Triton is not installed: plain torch takes its place")
    base = tmp_path_factory.getbasetemp()
    file = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "triton_launches.json"
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            script = Path(__file__).parent / "triton_kernels" / "run_interpreter.py"
            # Without a GPU also where there is one: the machine then makes no difference.
            environment = {**os.environ, "TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""}
            run = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=False)
            assert run.returncode == 0, run.stderr[-2000:]
            file.write_text(run.stdout, "utf-8")
    return file


@pytest.fixture(scope="session")
def triton_failures(triton_launches: Path) -> dict[str, str]:
    """Failures of the checks of Triton kernels by name; empty strings where the kernels agree with the CPU."""
    failures: dict[str, str] = json.loads(triton_launches.read_text("utf-8"))["failures"]
    return failures
