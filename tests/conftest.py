"""Small data that every room of the house is tested on."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

FolderMaker = Callable[..., Path]


@pytest.fixture
def make_folder(tmp_path: Path) -> FolderMaker:
    """Write a data folder in the paper's layout: ``split/activity/image|mask``, frames of two patients."""

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
    """Real surgical frames beside the checkout; they are not part of the project."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("real surgical frames are not part of the repository: ../shared/data is absent")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window, one a process; the test is skipped where it is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("Chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def visit(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """A function that opens a page (a file, or text) and keeps what it complains of and asks for."""

    def go(text: str | Path, **options: Any) -> Any:
        file = text if isinstance(text, Path) else tmp_path_factory.mktemp("page") / "report.html"
        if isinstance(text, str):
            file.write_text(text, "utf-8")
        page = browser.new_page(**{"viewport": {"width": 1440, "height": 1000}, **options})
        page.complaints, page.asked = [], []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(file.as_uri())
        return page

    return go
