"""Fetches npm packages without running anything of theirs, and checks them against their pinned hash."""
from __future__ import annotations

import base64
import hashlib
import subprocess
import tarfile
from pathlib import Path


def _integrity(archive: Path) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()


def fetch(package: str, version: str, integrity: str, folder: Path) -> Path:
    """The folder of the unpacked package; downloads it once."""
    stem = package.replace("@", "").replace("/", "-") + "-" + version
    unpacked = folder / stem / "package"
    if unpacked.is_dir():
        return unpacked
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / (stem + ".tgz")
    if not archive.exists():
        command = ["npm", "pack", "--silent", "--ignore-scripts", f"{package}@{version}"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    found = _integrity(archive)
    if found != integrity:
        archive.unlink()
        raise SystemExit(f"{package}@{version} is not the pinned one: {found}, expected {integrity}")
    with tarfile.open(archive) as tar:
        tar.extractall(folder / stem)
    return unpacked
