"""A small hub on this machine with the endpoints that huggingface_hub uses to read and to commit files."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

TOKEN = "hf_token_of_the_tests"


@dataclass
class Repository:
    """Commits by hash and branches by name; the last commit of a branch is its head."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    access: str = "public"  # or private, gated
    private: bool = False

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        content = {**self.commits.get(self.branches.get(branch, ""), {}), **files}
        digest = hashlib.sha1(repr((sorted(content.items()), len(self.commits))).encode()).hexdigest()
        self.commits[digest] = content
        self.branches[branch] = digest
        return digest

    def resolve(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.branches.get(revision)


@dataclass
class FakeHub:
    """Repositories by ``models/ORG/NAME`` and ``datasets/ORG/NAME``, and the requests that were received."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    port: int = 0

    def add(self, name: str, files: dict[str, bytes], access: str = "public") -> tuple[Repository, str]:
        """A repository with one commit."""
        repository = self.repositories[name] = Repository(access=access)
        return repository, repository.commit(files)

    @property
    def downloaded(self) -> list[str]:
        """Paths of the files that were read."""
        paths = [line.partition("/resolve/")[2] for line in self.requests if line.startswith("GET ")]
        return sorted(path.partition("/")[2] for path in paths if path)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def log_message(self, *arguments: Any) -> None:
        pass

    def reply(self, content: Any, status: int = 200, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def repository(self, kind: str, name: str) -> Repository | None:
        """The repository, if it exists and the token allows to see it; else the reply is sent."""
        repository = self.hub.repositories.get(f"{kind}/{name}")
        allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if repository is None or (repository.access == "private" and not allowed):
            self.reply({"error": "not found"}, 404 if allowed else 401, X_Error_Code="RepoNotFound")
            return None
        return repository

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.hub.requests.append(f"{self.command} {self.path}")
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        if parts[0] == "api":
            self.describe(parts[1], "/".join(parts[2:4]), *parts[4:])
        else:
            kind = "datasets" if parts[0] == "datasets" else "models"
            parts = parts[1:] if kind == "datasets" else parts
            self.file(kind, "/".join(parts[:2]), parts[3], "/".join(parts[4:]))

    def describe(self, kind: str, name: str, what: str = "revision", revision: str = "main", *rest: str) -> None:
        repository = self.repository(kind, name)
        if repository is None:
            return
        commit = repository.resolve(revision)
        if commit is None:
            self.reply({}, 404, X_Error_Code="RevisionNotFound")
            return
        files = repository.commits[commit]
        oids = {path: hashlib.sha1(content).hexdigest() for path, content in files.items()}
        if what == "tree":
            self.reply([{"type": "file", "path": path, "size": len(files[path]), "oid": oids[path]} for path in files])
        else:
            self.reply({"id": name, "sha": commit, "siblings": [{"rfilename": path} for path in files]})

    def file(self, kind: str, name: str, revision: str, path: str) -> None:
        repository = self.repository(kind, name)
        if repository is None:
            return
        if repository.access == "gated":
            self.reply({}, 403, X_Error_Code="GatedRepo")
            return
        commit = repository.resolve(revision)
        content = repository.commits[commit].get(path)
        if content is None:
            self.reply({}, 404, X_Error_Code="EntryNotFound")
            return
        self.reply(content, ETag=f'"{hashlib.sha1(content).hexdigest()}"', X_Repo_Commit=commit)

    def do_POST(self) -> None:
        self.hub.requests.append(f"POST {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.reply({"error": "forbidden"}, 403)
        elif parts[1] == "validate-yaml":
            self.reply({"errors": [], "warnings": []})
        elif parts[1:3] == ["repos", "create"]:
            self.create(json.loads(body))
        elif parts[4] == "preupload":
            files = json.loads(body)["files"]
            self.reply({"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files]})
        elif parts[4] == "branch":
            repository = self.hub.repositories["/".join(parts[1:4])]
            repository.branches.setdefault(parts[5], repository.branches["main"])
            self.reply({})
        else:
            self.commit("/".join(parts[1:4]), parts[5], body)

    def create(self, settings: dict[str, Any]) -> None:
        name = f"{settings['organization']}/{settings['name']}"
        if f"models/{name}" in self.hub.repositories:
            self.reply({"url": f"http://127.0.0.1:{self.hub.port}/{name}"}, 409)
            return
        repository, _ = self.hub.add(f"models/{name}", {".gitattributes": b""})
        repository.private = bool(settings.get("private")) or settings.get("visibility") == "private"
        self.reply({"url": f"http://127.0.0.1:{self.hub.port}/{name}"})

    def commit(self, name: str, branch: str, body: bytes) -> None:
        entries = [json.loads(line) for line in body.splitlines()]
        files = {e["value"]["path"]: base64.b64decode(e["value"]["content"]) for e in entries if e["key"] == "file"}
        commit = self.hub.repositories[name].commit(files, branch)
        url = f"http://127.0.0.1:{self.hub.port}/{name.partition('/')[2]}/commit/{commit}"
        self.reply({"commitUrl": url, "commitOid": commit, "success": True})


@contextmanager
def running_hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub that huggingface_hub talks to inside, with an empty cache and without a token."""
    constants = pytest.importorskip("huggingface_hub.constants")
    from robustbench_endo.hub import download

    hub = FakeHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    hub.port = server.server_address[1]
    thread = Thread(target=lambda: server.serve_forever(0.01))
    thread.start()
    endpoint = f"http://127.0.0.1:{hub.port}"
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(download, "_SNAPSHOTS", {})
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
