"""Installs a pinned n8n from npm into a cache folder that later runs (and CI) reuse.

One rule: nothing but npm packages, and nothing outside the cache folder."""

import contextlib
import fcntl
import json
import os
import platform
import re
import shutil
import subprocess
import time
from pathlib import Path

# n8n version -> the node major it runs on. Resuming a Wait and listing executions differ between the two.
VERSIONS = {"2.41.1": 24, "2.8.4": 20}
DEFAULT_VERSION = "2.41.1"

# 2.8.4 takes xlsx from a URL outside npm; the linkedom that 2.41.1 asks for depends on a package that is hard to get.
OVERRIDES = {"xlsx": "0.18.5", "linkedom": "0.18.12"}


def cache_dir() -> Path:
    """BATON_N8N_CACHE, else `baton-n8n` in the user's cache folder."""
    if given := os.environ.get("BATON_N8N_CACHE"):
        return Path(given).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "baton-n8n"


def n8n_home(version: str) -> Path:
    return cache_dir() / f"n8n-{version}"


def node_package() -> str:
    """The npm package that carries a node binary and its headers for this machine."""
    system = {"Linux": "linux", "Darwin": "darwin"}[platform.system()]
    arch = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
    return f"node-{system}-{arch}"


def system_node_major() -> int | None:
    node = shutil.which("node")
    if not node:
        return None
    found = re.match(r"v(\d+)\.", subprocess.run([node, "--version"], capture_output=True, text=True).stdout)
    return int(found[1]) if found else None


def node_env(version: str) -> dict[str, str]:
    """The environment in which npm and n8n find the node that `version` wants."""
    env = dict(os.environ)
    major = VERSIONS[version]
    if system_node_major() == major:
        root = Path(os.path.realpath(shutil.which("node") or "node")).parent.parent
    else:
        root = cache_dir() / f"node-{major}" / "node_modules" / node_package()
        env["PATH"] = f"{root / 'bin'}{os.pathsep}{env['PATH']}"
    # With headers at hand, native modules build without fetching them.
    if (root / "include" / "node" / "node.h").exists():
        env["npm_config_nodedir"] = str(root)
    return env


def install(version: str) -> None:
    """Makes `version` ready in the cache: about six minutes and 3 GB the first time, nothing after that."""
    home, done = n8n_home(version), n8n_home(version) / ".complete"
    if done.exists():
        return
    if not shutil.which("npm"):
        raise SystemExit("npm was not found: install Node.js (any supported version), then run this again")
    home.mkdir(parents=True, exist_ok=True)
    with locked(cache_dir() / "install.lock"):
        if done.exists():
            return
        started = time.monotonic()
        print(f"installing n8n {version} into {home} (some minutes, once)", flush=True)
        install_node(version)
        package = {"name": "baton-n8n-peer", "version": "1.0.0", "private": True,
                   "dependencies": {"n8n": version}, "overrides": OVERRIDES}
        (home / "package.json").write_text(json.dumps(package))
        # Some install scripts download binaries from elsewhere; n8n itself needs only sqlite3 built.
        npm(version, home, "install", "--ignore-scripts")
        npm(version, home, "rebuild", "sqlite3")
        done.write_text(version)
        print(f"installed n8n {version} in {time.monotonic() - started:.0f} s", flush=True)


def install_node(version: str) -> None:
    major = VERSIONS[version]
    folder = cache_dir() / f"node-{major}"
    if system_node_major() == major or (folder / "node_modules" / node_package() / "bin" / "node").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private":true}')
    # The node on PATH does this one, whatever its version.
    subprocess.run(["npm", "install", f"{node_package()}@{major}", "--no-audit", "--no-fund", "--loglevel=error"],
                   cwd=folder, check=True)


def npm(version: str, folder: Path, *args: str) -> None:
    subprocess.run(["npm", *args, "--no-audit", "--no-fund", "--loglevel=error"],
                   cwd=folder, env=node_env(version), check=True)


@contextlib.contextmanager
def locked(path: Path):
    """Two runs that start together install once."""
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
