#!/bin/sh
# The program on a 64-bit ARM processor, emulated: imports, reads codes, judges passes.
# `sh tests/virtual_device/arm64.sh CACHE`; needs mmdebstrap and qemu-user-static, and no root rights
# beyond unpacking. Emulated times are nobody's times, so none is printed.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
checkout=$here/../..
cache=$1
recipe=$(cat "$here/arm64.sh" "$checkout/systemd/device/requirements.lock" | sha256sum | cut -c 1-16)
base=$cache/arm64-$recipe

say() { printf 'arm64: %s\n' "$*" >&2; }

# Unpacked and not configured: nothing runs in it but the interpreter.
build() {
    say "unpacking Debian 13 for arm64 and the device's packages in $base"
    rm -rf --one-file-system "$base.part"
    mkdir -p "$base.part/wheels"
    sh "$checkout/systemd/wheelhouse.sh" --arch arm64 --python 3.13 --out "$base.part/wheels" >&2
    mmdebstrap --quiet --mode=root --variant=extract --architectures=arm64 \
        --include=python3,libzbar0t64,libgl1,libglib2.0-0t64,libsqlite3-0 \
        trixie "$base.part/root" >&2
    [ -e "$base.part/root/lib" ] || ln -s usr/lib "$base.part/root/lib"
    for wheel in "$base.part"/wheels/*.whl; do
        "$checkout/.venv/bin/python" -m zipfile -e "$wheel" "$base.part/root/site"
    done
    mv "$base.part" "$base"
}

[ -d "$base" ] || build
cd "$checkout"
exec env -u PYTHONDONTWRITEBYTECODE PYTHONPATH="$base/root/site:$checkout" PYTHONPYCACHEPREFIX="$base/bytecode" \
    PYTHONUTF8=1 OPENBLAS_NUM_THREADS=1 LD_LIBRARY_PATH=/usr/lib/aarch64-linux-gnu \
    qemu-aarch64-static -L "$base/root" "$base/root/usr/bin/python3.13" -P \
    "$here/arm64_smoke.py"
