# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks know of the machine: everything they ask goes through here, so that tests can answer."""

from __future__ import annotations

import os
import resource
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import machine

_CAPABILITIES = 1 << 12 | 1 << 21


class System:
    """This machine."""

    def user(self) -> int:
        """The effective user's number."""
        return os.geteuid()

    def capable(self) -> bool:
        """Whether root may do here what it may on a machine of its own: CAP_NET_ADMIN and CAP_SYS_ADMIN."""
        lines = (line.split() for line in self.read("/proc/self/status").splitlines())
        effective = next(int(words[1], 16) for words in lines if words[0] == "CapEff:")
        return effective & _CAPABILITIES == _CAPABILITIES

    def python(self) -> tuple[int, int]:
        """The version of the Python that runs the lab."""
        return sys.version_info[:2]

    def program(self, name: str) -> str | None:
        """Where a program is on the path."""
        return shutil.which(name)

    def run(self, command: Sequence[str], *, text: str | None = None, seconds: float = 30) -> str:
        """Run a program. Raises `lab.machine.Failed`."""
        return machine.run(command, text=text, seconds=seconds)

    def read(self, path: str) -> str:
        """A file's text; empty when it is not there."""
        try:
            return Path(path).read_text(encoding="utf-8")
        except OSError:
            return ""

    def there(self, path: str) -> bool:
        """Whether a file is there."""
        return Path(path).exists()

    def setting(self, name: str) -> int:
        """A number of sysctl's; 0 when the kernel has none of that name."""
        return int(self.read(f"/proc/sys/{name.replace('.', '/')}") or 0)

    def open_files(self) -> int:
        """How many files a process may have open, at most."""
        return resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    def memory(self) -> int:
        """MiB that programs could still get."""
        lines = (line.split() for line in self.read("/proc/meminfo").splitlines())
        return next(int(words[1]) // 1024 for words in lines if words[0] == "MemAvailable:")

    def disk(self, path: str) -> tuple[int, int]:
        """The file system that a path is on, or will be: its device's number, and the MiB free there."""
        there = next(each for each in (Path(path), *Path(path).parents) if each.exists())
        free = shutil.disk_usage(there).free
        return there.stat().st_dev, free // (1 << 20)
