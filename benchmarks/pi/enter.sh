#!/bin/sh
# enter.sh ROOT CPUINFO PIP_CACHE COMMAND...: run a command of an AArch64 userland, with all the programs that it starts.
# For a mount and PID namespace of its own, in which the mounts and the registration end with the command.
set -eu
root=$1 cpuinfo=$2 pip_cache=$3
shift 3
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys" # without it LiteRT finds no processor, and leaves XNNPACK out
mount --rbind /dev "$root/dev"
mount --bind "$cpuinfo" "$root/proc/cpuinfo"
mount --bind "$pip_cache" "$root/var/cache/pip"
mount -t binfmt_misc binfmt_misc "$root/run/binfmt_misc"
# ELF, 64 bits, little-endian, an executable or shared object, for machine 183.
printf '%s' ':aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64:' >"$root/run/binfmt_misc/register"
exec chroot "$root" "$@"
