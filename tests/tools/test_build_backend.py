"""Links of the README as an index page needs them."""

import pytest

SOURCE = "https://host/project"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](docs/a.md)", f"[a]({SOURCE}/blob/main/docs/a.md)"),
        ("[a](docs/a.md#part)", f"[a]({SOURCE}/blob/main/docs/a.md#part)"),
        ("![A scene](docs/b.jpg)", f"![A scene]({SOURCE}/raw/main/docs/b.jpg)"),
        ("[`code`](a.md) and [b](b.md)", f"[`code`]({SOURCE}/blob/main/a.md) and [b]({SOURCE}/blob/main/b.md)"),
        ("[a](https://x.org/a.md)", "[a](https://x.org/a.md)"),
        ("[a](#part)", "[a](#part)"),
        ("[a](mailto:a@x.org)", "[a](mailto:a@x.org)"),
        ("```\nx[0](y)\n```", "```\nx[0](y)\n```"),
    ],
)
def test_absolute_links_change_relative_targets_only(build_backend, text, expected):
    assert build_backend.absolute_links(text, SOURCE) == expected


def test_write_description_reads_the_address_of_the_sources(build_backend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    urls = "[metadata]\nproject_urls =\n    Homepage = https://other\n    Source = https://host/project\n"
    (tmp_path / "setup.cfg").write_text(urls)
    (tmp_path / "README.md").write_text("[Größe](docs/a.md)", "utf-8")
    build_backend.write_description()
    assert (tmp_path / "build" / "description.md").read_text("utf-8") == f"[Größe]({SOURCE}/blob/main/docs/a.md)"
