"""fer-edge as a systemd service: what its unit says."""

from __future__ import annotations

from pathlib import Path

from fer_edge.errors import InputError

NAME = "fer-edge.service"
UNIT_FILE = Path("etc/systemd/system", NAME)
CONFIG_FILE = Path("etc/fer-edge/config.toml")
"""Both from the file system's root."""

_NEWER_SINCE = 254
"""The first systemd with RestartSteps and ImportCredential; Raspberry Pi OS bookworm has 252, trixie 257."""

_IMPORT = """
# Values that need not stand in the configuration: /etc/credstore/fer-edge.camera, .mqtt and .preview-token, or the same
# encrypted in /etc/credstore.encrypted.
ImportCredential=fer-edge.*"""
_FIXED_DELAY = "RestartSec=30"
_GROWING_DELAY = "RestartSec=5\nRestartSteps=6\nRestartMaxDelaySec=5min"

# MemoryDenyWriteExecute is left out, as camera stacks and interpreters may translate code while they run; so is
# ProcSubset=pid, which hides /proc/cpuinfo, by which the interpreter chooses its kernels.
_TEMPLATE = """\
# Made by `fer-edge service`. To change a line and keep it: sudo systemctl edit fer-edge

[Unit]
Description=Facial expressions from a camera
After=network.target time-sync.target
# A camera that is plugged in again is found again, however late: no pause below lets so many starts into an hour.
StartLimitIntervalSec=1h
StartLimitBurst=150

[Service]
ExecStart={program} run --config %d/config.toml
# From here the service gets a copy that only it can read, so that passwords can be kept to root.
LoadCredential=config.toml:/{config}{imported}
# Relative paths in the configuration are in /var/lib/fer-edge.
StateDirectory=fer-edge
WorkingDirectory=%S/fer-edge

# Ready with the first frame's result; started anew when none came for so long, and when it failed. It is told to end
# first, which completes its files; ffmpeg, which writes the video, ends with it. The time that the machine sleeps does
# not count.
Type=notify
KillMode=mixed
TimeoutStartSec=90
WatchdogSec=30
WatchdogSignal=SIGTERM
Restart=on-failure
{delay}
# 143 is how it ends when it is told to; 2 is a mistake in the configuration, which no restart mends.
SuccessExitStatus=143
RestartPreventExitStatus=2
LimitCORE=0

# What clients of the preview or a broken camera may take from the machine; the kernel counts memory where its cgroup
# controller is on, which Raspberry Pi OS wants by cgroup_enable=memory in /boot/firmware/cmdline.txt.
LimitNOFILE=4096
MemoryMax=75%

# A user of its own while it runs; implies ProtectSystem=strict, PrivateTmp, NoNewPrivileges and RestrictSUIDSGID.
DynamicUser=yes
SupplementaryGroups=video
ProtectHome=read-only
UMask=0027
CapabilityBoundingSet=
DevicePolicy=closed
DeviceAllow=char-video4linux rw
DeviceAllow=char-media rw
DeviceAllow=char-dma_heap rw
DeviceAllow=/dev/vchiq rw
LockPersonality=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
# libcamera hears of cameras from udev by netlink.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged

[Install]
WantedBy=multi-user.target
"""


def service_unit(program: Path, systemd_version: int) -> str:
    """The unit file's text.

    Args:
        program: The installed `fer-edge`, absolute.
        systemd_version: From 254 on the pause between restarts grows, and credentials are imported by name.

    Raises:
        InputError: If systemd takes no such path.
    """
    delay, imported = (_GROWING_DELAY, _IMPORT) if systemd_version >= _NEWER_SINCE else (_FIXED_DELAY, "")
    return _TEMPLATE.format(program=_quote(program), config=CONFIG_FILE.as_posix(), delay=delay, imported=imported)


def _quote(path: Path) -> str:
    """A path as a command's first word in a unit, with nothing in it expanded."""
    word = path.as_posix().replace("%", "%%")
    if any(letter in word for letter in "\"'\\") or not word.isprintable():
        raise InputError(f"{path}: systemd starts no program with quotes or backslashes in its path; install elsewhere")
    return f'"{word}"' if " " in word else word
