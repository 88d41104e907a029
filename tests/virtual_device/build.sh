#!/bin/sh
# Builds the virtual device: a Debian 13 root with real lgpio, gpio-sim, v4l2loopback and systemd, and
# in it the package that ships. `sh tests/virtual_device/build.sh CACHE` prints the folder that holds
# root.img, vmlinux and initrd. What was built from the same recipe is taken as it is; a new package
# is installed into a copy of the base.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
checkout=$here/../..
mkdir -p "$1"
cache=$(CDPATH='' cd -- "$1" && pwd)
python=${PYTHON:-$checkout/.venv/bin/python}
base=$cache/base-$(cat "$here/build.sh" "$here"/image/* | sha256sum | cut -c 1-16)

say() { printf 'virtual device: %s\n' "$*" >&2; }

# gcc and headers stay in: the modules must fit whatever kernel is Debian's newest on that day.
packages=systemd-sysv,udev,dbus,procps,kmod,e2fsprogs,dosfstools,zstd,xz-utils,util-linux
packages=$packages,linux-image-amd64,linux-headers-amd64,linux-source-6.12,initramfs-tools
packages=$packages,busybox-static,cpio
packages=$packages,gcc,make,libc6-dev,v4l2loopback-dkms,python3-dev,python3-setuptools,swig
packages=$packages,python3,libzbar0t64,libgl1,libglib2.0-0t64

# Debian has no lgpio (Raspberry Pi OS has) and there is no wheel of it for Python 3.13.
fetch_lgpio() {
    "$python" -I -m pip download -q --disable-pip-version-check --no-input --no-deps \
        --no-build-isolation --no-binary=:all: --require-hashes -d "$1" -r /dev/stdin <<'END'
lgpio==0.2.2.0 --hash=sha256:11372e653b200f76a0b3ef8a23a0735c85ec678a9f8550b9893151ed0f863fff
END
}

# $1: a root; more: a command in it. What is mounted for it is gone with it, and never outside.
inside() {
    root=$1
    shift
    unshare --mount --pid --fork --mount-proc="$root/proc" chroot "$root" env \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
}

build_base() {
    work=$base.part
    rm -rf --one-file-system "$work"
    mkdir -p "$work/make"
    say "building the base in $base (about four minutes of an idle machine)"
    fetch_lgpio "$work/make" 2>"$work/log"
    cp "$here"/image/* "$work/make/"
    unshare --mount mmdebstrap --quiet --mode=root --variant=apt --include="$packages" \
        --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --essential-hook="sh '$here/image/early.sh' \"\$1\"" \
        trixie "$work/root" >>"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2 && exit 69; }
    mv "$work/make" "$work/root/root/make"
    for step in modules device; do
        inside "$work/root" sh "/root/make/$step.sh" >>"$work/log" 2>&1 ||
            { tail -n 40 "$work/log" >&2 && exit 69; }
    done
    # Unpacked here: under emulation that alone would take seconds. [linux: scripts/extract-vmlinux]
    "$python" -I -c 'import sys; body = sys.stdin.buffer.read()
sys.stdout.buffer.write(body[body.index(b"\x28\xb5\x2f\xfd"):])' \
        <"$(echo "$work"/root/boot/vmlinuz-*)" | zstd -dcq >"$work/vmlinux" 2>/dev/null || true
    [ -s "$work/vmlinux" ] || { say "the kernel cannot be unpacked" && exit 69; }
    cp "$work/root/boot/initrd.virtual" "$work/initrd"
    mv "$work" "$base"
}

# The shipped package of this checkout, installed by dpkg as on a device.
build_device() {
    deb=$(sh "$checkout/systemd/build_deb.sh" --arch amd64 --out "$cache/deb")
    device=$base/device-$(sha256sum "$deb" | cut -c 1-16)
    [ ! -e "$device/root.img" ] || return 0
    work=$device.part
    rm -rf --one-file-system "$work" "$base"/device-*
    mkdir -p "$work"
    say "installing $(basename "$deb") in $device"
    cp -a "$base/root" "$work/root"
    cp "$deb" "$work/root/root/scanner.deb"
    inside "$work/root" dpkg -i /root/scanner.deb >"$work/log" 2>&1 ||
        { tail -n 40 "$work/log" >&2 && exit 69; }
    rm "$work/root/root/scanner.deb"
    PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -d "$work/root" "$work/root.img" 4G >>"$work/log"
    rm -rf --one-file-system "$work/root"
    ln -s ../vmlinux ../initrd "$work/"
    mv "$work" "$device"
}

[ -e "$base/initrd" ] || build_base
build_device
echo "$device"
