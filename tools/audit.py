"""Audit the code with bandit, and the installed packages with pip-audit where its advisories can be reached.

    python tools/audit.py

Fails on a finding of bandit that no ``# nosec ID  # reason`` and no entry of pyproject.toml explains, and on a package
with a known vulnerability. Without a network, the packages are not audited, which is said and is no failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("robustbench_endo", "corruptions", "reports")
TIMEOUT_S = 600


def audit_code() -> bool:
    """Whether bandit has no finding; it prints those it has."""
    command = [sys.executable, "-m", "bandit", "--quiet", "--recursive", "--configfile", "pyproject.toml", *FOLDERS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr)
    return done.returncode == 0


def audit_packages() -> bool:
    """Whether no installed package has a known vulnerability, as far as the advisories can be reached."""
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--format", "json"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        done = subprocess.CompletedProcess(command, 1, "", f"no reply within {TIMEOUT_S} s")
    vulnerable, message = read_packages(done.stdout, done.stderr)
    print(message)
    return not vulnerable


def read_packages(output: str, errors: str) -> tuple[bool, str]:
    """Whether pip-audit reports a vulnerable package, and a sentence on what it did.

    >>> read_packages("", "ConnectionError: no route to host")
    (False, 'Packages: not audited, the advisories cannot be reached (ConnectionError: no route to host).')
    """
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, LookupError, TypeError):
        reason = (errors.strip().splitlines() or ["no output"])[-1][:200]
        return False, f"Packages: not audited, the advisories cannot be reached ({reason})."
    audited = [package for package in packages if "skip_reason" not in package]
    if not audited:
        return False, f"Packages: not audited, the advisories of none of {len(packages)} can be reached."
    vulnerable = [package for package in audited if package.get("vulns")]
    lines = [f"{each['name']} {each['version']}: {', '.join(v['id'] for v in each['vulns'])}" for each in vulnerable]
    summary = f"Packages: {len(audited)} of {len(packages)} audited, {len(vulnerable)} with a known vulnerability."
    return bool(vulnerable), "\n".join([*lines, summary])


if __name__ == "__main__":
    results = [audit_code(), audit_packages()]
    print(f"Code: {'no finding without a reason' if results[0] else 'findings above'}.")
    sys.exit(not all(results))
