# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only trying shows: each probe does on a small scale what the lab does, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lab import podman
from lab.doctor.check import Check, Finding, good
from lab.doctor.system import System
from lab.machine import Failed

# What the lab's rulesets are made of. A kernel may lack any of it.
_RULES = """\
table inet probe {
  counter named { }
  set pairs { type ifname . ipv4_addr; elements = { "eth0" . 10.0.0.1 } }
  set ranges { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 } }
  chain raw {
    type filter hook prerouting priority raw; policy accept;
    fib saddr . iif oif missing drop
    iifname . ip saddr @pairs accept
    counter name "named" drop
  }
  chain before {
    type nat hook prerouting priority dstnat; policy accept;
    dnat ip to ip daddr map { 198.19.0.1 : 10.0.0.1 }
  }
  chain filter {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, invalid : drop }
    ip daddr . meta l4proto . th dport { 10.0.0.1 . tcp . 80 } accept
    ip saddr @ranges ct original ip daddr 198.19.0.1 ct status dnat ct mark set meta mark counter
  }
  chain after {
    type nat hook postrouting priority srcnat; policy accept;
    snat ip to ct mark map { 0x1 : 198.19.0.2 }
  }
}
"""
_LINKS = """\
link set lo up
link add left type veth peer name right
address add 10.0.0.1/32 dev left
link set left up
link set right up
route add 10.0.0.2/32 dev left
rule add fwmark 0x1 lookup 1
route add blackhole 10.0.1.0/24 table 1
"""
_SWITCHES = ("ip_forward", "conf/left/proxy_arp", "conf/left/rp_filter", "neigh/left/proxy_delay")
_FOLDERS = ("dev", "etc", "proc", "run", "sys", "tmp", "usr")


def _namespaces(system: System) -> Finding:
    name = f"slipway-doctor-{os.getpid()}"
    writes = " && ".join(f"echo 1 > /proc/sys/net/ipv4/{each}" for each in _SWITCHES)
    try:
        system.run(["ip", "netns", "add", name])
        try:
            system.run(["ip", "-n", name, "-batch", "-"], text=_LINKS)
            system.run(["ip", "netns", "exec", name, "sh", "-c", writes])
        finally:
            system.run(["ip", "netns", "delete", name])
    except Failed as cause:
        return Finding(False, str(cause), "use a kernel with network namespaces and veth, as Debian's and Ubuntu's")
    return good("with links, proxy ARP and policy routing")


def _nftables(system: System) -> Finding:
    try:
        system.run(["unshare", "--net", "nft", "-f", "-"], text=_RULES)
    except Failed as cause:
        return Finding(False, str(cause), "use a kernel with nftables (inet, fib, nat), as Debian's and Ubuntu's")
    return good("with sets, maps, NAT and connection tracking")


def _container(system: System) -> Finding:
    with _root() as root:
        command = [
            "podman", "run", "--rm", "--runtime=runc", "--pull=never", "--network=none", "--no-hosts",
            *podman.limits(), "--memory=64m", "--cpus=0.5", "--volume=/usr:/usr:ro", "--rootfs",
            str(root), "/usr/bin/true",
        ]  # fmt: skip
        try:
            system.run(command)
        except Failed as cause:
            return Finding(False, str(cause), "see the message; for cgroups: mount /sys/fs/cgroup, or run on a machine")
    return good("starts, with limits of memory and processors")


@contextlib.contextmanager
def _root() -> Iterator[Path]:
    """A file system for one program: links into the machine's own /usr, to be mounted, and else empty folders."""
    with tempfile.TemporaryDirectory(prefix="slipway-doctor-") as folder:
        path = Path(folder)
        path.chmod(0o755)
        for name in _FOLDERS:
            (path / name).mkdir()
        for name in ("bin", "lib", "lib64"):
            (path / name).symlink_to(f"usr/{name}")
        yield path


def _loop(system: System) -> Finding:
    with tempfile.NamedTemporaryFile(prefix="slipway-doctor-") as file:
        file.truncate(1 << 20)
        try:
            device = system.run(["losetup", "--find", "--show", file.name]).strip()
            system.run(["losetup", "--detach", device])
        except Failed as cause:
            return Finding(False, str(cause), "modprobe loop")
    return good(device)


CHECKS = (
    Check("namespaces", "every host and every VPC's router is one", _namespaces, ("ip",)),
    Check("nftables", "otherwise nothing would be filtered", _nftables, ("nft", "unshare")),
    Check("containers", "hosts and managed services are containers of podman and runc", _container, ("podman", "runc")),
    Check("loop devices", "volumes are loop devices", _loop, ("losetup",)),
)
