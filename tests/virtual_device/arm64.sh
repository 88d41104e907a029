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
    for wheel in "$base.part"/wheels/*.whl; do
        "$checkout/.venv/bin/python" -m zipfile -e "$wheel" "$base.part/root/site"
    done
    mv "$base.part" "$base"
}

# $@: arguments of Python, as on a machine of that kind.
arm64_python() {
    env PYTHONPATH="$base/root/site:$checkout" PYTHONUTF8=1 OPENBLAS_NUM_THREADS=1 \
        LD_LIBRARY_PATH=/usr/lib/aarch64-linux-gnu PYTHONDONTWRITEBYTECODE=1 \
        qemu-aarch64-static -L "$base/root" "$base/root/usr/bin/python3.13" -P "$@"
}

# $1: a sample; $2: the answer's first words; more: where and when it is judged.
expect() {
    sample=$1 wanted=$2
    shift 2
    said=$(arm64_python -m scanner check "sample_codes/$sample" --lists sample_codes/bundle \
        --fleet-key sample_codes/fleet.key "$@" 2>&1 | head -n 1) || true
    case $said in
    "sample_codes/$sample: $wanted"*) printf 'ok      %s: %s\n' "$sample" "$wanted" ;;
    *) printf 'FAILED  %s: wanted %s, got %s\n' "$sample" "$wanted" "$said" && failed=1 ;;
    esac
}

[ -d "$base" ] || build
cd "$checkout"
failed=0
arm64_python -c '
import platform, cv2, cryptography, numpy, zxingcpp
from pyzbar import pyzbar
import hardware.camera, scanner.assembly, scanner.checkpoint, scanner.vision.parent
assert platform.machine() == "aarch64"
print("ok      imports on", platform.machine(), "with Python", platform.python_version())'
day=2020-04-29
expect work-night.png "PASS ADMIT OK" --at ${day}T04:10:00+03:00 --zone 1 --transport 6
expect work-region.png "PASS ADMIT OK" --at ${day}T07:05:00+03:00 --zone 1 --transport 1
expect forged.png "STOP REFUSE FORGED" --at ${day}T15:10:00+03:00 --zone 1 --transport 6
expect revoked.png "STOP REFUSE REVOKED" --at ${day}T12:30:00+03:00 --zone 1 --transport 6
exit $failed
