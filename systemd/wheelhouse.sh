#!/bin/sh
# Fetches the Python packages of a device into a folder, for machines and Pythons other than this
# one; `sh systemd/wheelhouse.sh --help`. Nothing gets in whose hash is not in the device's lock.
set -eu

usage() {
    cat <<'END'
sh systemd/wheelhouse.sh --arch amd64|arm64 --python 3.11|3.12|3.13 --out DIR

Raspberry Pi OS and Debian: release 12 has Python 3.11, release 13 has 3.13. Wheelhouses of several
kinds can share a folder. Needs pip and the network here; the device needs neither.
END
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/release.sh"
out='' arch='' version=''
while [ $# -gt 0 ]; do
    case $1 in
    --arch) arch=$2 && shift ;;
    --python) version=$2 && shift ;;
    --out) out=$2 && shift ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 64 ;;
    esac
    shift || { usage >&2 && exit 64; }
done
[ -n "$out" ] && [ -n "$arch" ] && [ -n "$version" ] || { usage >&2 && exit 64; }

mkdir -p "$out"
# shellcheck disable=SC2046  # a list of options
python=$(build_python)
select_lock "$version" "$python" | run_pip "$python" download -q --no-input --disable-pip-version-check \
    --no-deps --require-hashes $(wheels_for "$arch" "$version") \
    -d "$out" -r /dev/stdin || give_up "pip failed, see above. Nothing was installed."
say "$(find "$out" -name '*.whl' | wc -l) wheels are in $out"
