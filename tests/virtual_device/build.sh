#!/bin/sh
# Builds the base of the virtual device: a Debian 13 root with real lgpio, gpio-sim, v4l2loopback and
# systemd, without the scanner. `sh tests/virtual_device/build.sh CACHE` prints the folder that holds
# root/, vmlinuz and initrd; what was built from the same recipe is taken as it is.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=$1
python=${PYTHON:-$here/../../.venv/bin/python}
recipe=$(cat "$here/build.sh" "$here"/image/* | sha256sum | cut -c 1-16)
base=$cache/base-$recipe

say() { printf 'virtual device: %s\n' "$*" >&2; }

# gcc and headers stay in: the modules must fit whatever kernel is Debian's newest on that day.
packages=systemd-sysv,udev,dbus,linux-image-amd64,linux-headers-amd64,linux-source-6.12
packages=$packages,v4l2loopback-dkms,initramfs-tools,kmod,procps,e2fsprogs,dosfstools
packages=$packages,python3,python3-dev,python3-setuptools,swig,libzbar0t64,libgl1,libglib2.0-0t64
packages=$packages,xz-utils,zstd

# Debian has no lgpio (Raspberry Pi OS has) and PyPI no wheel of it for Python 3.13.
fetch_lgpio() {
    "$python" -I -m pip download -q --disable-pip-version-check --no-input --no-deps \
        --no-build-isolation --no-binary=:all: --require-hashes -d "$1" -r /dev/stdin <<'END'
lgpio==0.2.2.0 --hash=sha256:11372e653b200f76a0b3ef8a23a0735c85ec678a9f8550b9893151ed0f863fff
END
}

build() {
    work=$base.part
    rm -rf --one-file-system "$work"
    mkdir -p "$work/fetched"
    say "building the base (about five minutes of an idle machine) in $base"
    fetch_lgpio "$work/fetched"
    mmdebstrap --quiet --mode=root --variant=apt --skip=cleanup/apt/lists --include="$packages" \
        --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --essential-hook="sh '$here/image/early.sh' \"\$1\"" \
        --customize-hook="mkdir \"\$1/root/make\" && cp '$here'/image/* '$work'/fetched/* \"\$1/root/make\"" \
        --chrooted-customize-hook='sh /root/make/modules.sh && sh /root/make/device.sh' \
        trixie "$work/root" >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2 && exit 69; }
    cp "$work"/root/boot/vmlinuz-* "$work/vmlinuz"
    cp "$work"/root/boot/initrd.img-* "$work/initrd"
    mv "$work" "$base"
}

mkdir -p "$cache"
[ -e "$base/initrd" ] || build
echo "$base"
