"""Emulated boards: the processor, and how the system describes it."""

from __future__ import annotations

from dataclasses import dataclass

_CORES = 4


@dataclass(frozen=True)
class Board:
    """A Raspberry Pi.

    Attributes:
        name: Product name.
        cpu: QEMU's name of the processor.
        model: "Model" in /proc/cpuinfo.
        revision: "Revision" in /proc/cpuinfo.
        part: "CPU part" in /proc/cpuinfo.
        variant: "CPU variant" in /proc/cpuinfo.
        stepping: "CPU revision" in /proc/cpuinfo.
        features: "Features" in /proc/cpuinfo, by which libraries choose their kernels.
    """

    name: str
    cpu: str
    model: str
    revision: str
    part: str
    variant: str
    stepping: int
    features: str

    def cpuinfo(self) -> str:
        """Return the board's /proc/cpuinfo; QEMU 7.2 does not emulate it, so programs would read this machine's."""
        core = (
            "BogoMIPS\t: 108.00\n"
            f"Features\t: {self.features}\n"
            "CPU implementer\t: 0x41\n"
            "CPU architecture: 8\n"
            f"CPU variant\t: {self.variant}\n"
            f"CPU part\t: {self.part}\n"
            f"CPU revision\t: {self.stepping}\n\n"
        )
        cores = "".join(f"processor\t: {number}\n{core}" for number in range(_CORES))
        return f"{cores}Revision\t: {self.revision}\nModel\t\t: {self.model}\n"


PI_ZERO_2 = Board(
    "Raspberry Pi Zero 2 W",
    "cortex-a53",
    "Raspberry Pi Zero 2 W Rev 1.0",
    "902120",
    part="0xd03",
    variant="0x0",
    stepping=4,
    features="fp asimd evtstrm crc32 cpuid",
)
"""A Raspberry Pi 3 has the same cores, at a higher clock."""

PI_4 = Board(
    "Raspberry Pi 4",
    "cortex-a72",
    "Raspberry Pi 4 Model B Rev 1.5",
    "c03115",
    part="0xd08",
    variant="0x0",
    stepping=3,
    features="fp asimd evtstrm crc32 cpuid",
)
PI_5 = Board(
    "Raspberry Pi 5",
    "cortex-a76",
    "Raspberry Pi 5 Model B Rev 1.0",
    "c04170",
    part="0xd0b",
    variant="0x4",
    stepping=1,
    features="fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
)
BOARDS = (PI_ZERO_2, PI_4, PI_5)
