# Sourced: how a release of the device is laid out, for install.sh and build_deb.sh alike.
#
# A release is a folder with the layout of a virtual environment: bin, lib, pyvenv.cfg, and under
# share what systemd needs. It names no place but that of the system's Python, so it can be made on
# one machine, packed, and moved. Python's venv is not needed for that, nor ensurepip.

# shellcheck shell=sh disable=SC2154  # here, the folder of this file, is set by whoever sources it
source_root=$(CDPATH='' cd -- "$here/.." && pwd)
: "${device_lock:=$here/device/requirements.lock}"

say() { printf 'scanner: %s\n' "$*" >&2; }

# 69 is EX_UNAVAILABLE.
give_up() {
    say "$*"
    exit 69
}

# A Python with pip, for what is done on a desk. pip 23.2 takes wheels for another Python than its own
# from the network, and refuses the same ones from a folder.
build_python() {
    for python in "${PYTHON-}" "$source_root/.venv/bin/python" python3; do
        [ -n "$python" ] || continue
        "$python" -I -c 'import pip; exit(int(pip.__version__.split(".")[0]) < 26)' 2>/dev/null || continue
        command -v "$python" && return
    done
    give_up "no pip 26 here: run \`sh scanner/demo.sh\` once, or set PYTHON to a Python that has it."
}

# $1: python; more words are of pip: the one that this Python has, or that of a wheelhouse.
run_pip() {
    python=$1
    shift
    if [ -n "${pip_wheel-}" ]; then set -- "$pip_wheel/pip" "$@"; else set -- -m pip "$@"; fi
    "$python" -I "$@"
}

# $1: amd64, arm64. All names by which wheels for glibc 2.36 (Debian 12) and older are known.
platforms_of() {
    case $1 in
    amd64) machine=x86_64 ;;
    arm64) machine=aarch64 ;;
    *) give_up "--arch is amd64 or arm64, not $1." ;;
    esac
    minor=36
    while [ $minor -ge 17 ]; do
        printf ' --platform manylinux_2_%s_%s' $minor $machine
        minor=$((minor - 1))
    done
    printf ' --platform manylinux2014_%s --platform any' $machine
}

# $1: amd64, arm64; $2: 3.13. Options by which pip chooses wheels for that machine, not for this.
wheels_for() {
    platforms_of "$1"
    printf ' --only-binary=:all: --implementation cp --python-version %s' "$2"
    printf ' --abi cp%s --abi abi3 --abi none' "$(echo "$2" | tr -d .)"
}

# $1: 3.13; $2: python with pip. The lock for that Python: pip asks the markers of the one it runs with.
select_lock() {
    "$2" -I - "$1" "$device_lock" "${pip_wheel-}" <<'END'
import sys
from pathlib import Path
sys.path[:0] = sys.argv.pop().split()
from pip._vendor.packaging.markers import Marker

version, lock = sys.argv[1:]
environment = {
    "python_version": version, "python_full_version": version + ".0", "sys_platform": "linux",
    "implementation_name": "cpython", "platform_python_implementation": "CPython",
}
takes = True
for line in Path(lock).read_text("utf-8").splitlines():
    if "==" in line:
        pinned, semicolon, marker = line.rstrip(" \\").partition(" ; ")
        takes = not semicolon or Marker(marker).evaluate(environment)
        line = pinned + " \\"
    if takes and not line.lstrip().startswith("#"):
        print(line)
END
}

# The program, without what only a desk or a city needs: no test keys (they lie in sample_codes), no
# demo, no issuing of passes.
program_files() {
    find scanner hardware -type f -name '*.*' ! -name '*.pyc' ! -name '*.sh' \
        ! -path 'scanner/demo/*' ! -path scanner/commands/demo.py \
        ! -path 'scanner/central/*' ! -path 'scanner/commands/central*' | LC_ALL=C sort
}

# $1: site-packages.
lay_program() {
    mkdir -p "$1"
    (cd "$source_root" && program_files | tar -cf - --owner=0 --group=0 --mode=u=rw,go=r -T -) |
        tar -xf - -C "$1" --no-same-owner
    find "$1" -type d -exec chmod 755 {} +
}

# $1: site-packages; $2: 3.13; $3: wheelhouse; $4: python with pip. More words are options of pip by
# which it chooses wheels for another machine. Only what the lock names, with its hash, gets in.
lay_packages() {
    site=$1 version=$2 wheels=$3 python=$4
    shift 4
    select_lock "$version" "$python" | sed '/^pip==/,/[^\\]$/d' >"$site.lock"
    run_pip "$python" install -q --no-input --disable-pip-version-check --root-user-action=ignore \
        --no-index --find-links "$wheels" --no-deps --require-hashes --no-compile --only-binary=:all: \
        "$@" --target "$site" -r "$site.lock" ||
        give_up "the wheelhouse $wheels does not have what the lock names, see above."
    rm -rf "$site.lock" "${site:?}/bin"
    # Eight megabytes that no device reads.
    [ ! -d "$site/numpy" ] || find "$site/numpy" -depth -type d -name tests -exec rm -rf {} +
    find "$site" -type f -name '*.so*' -exec chmod a-x {} +
}

# $1: site-packages; $2: 3.13; $3: amd64, arm64. lgpio is the distribution's: there is no wheel of it
# for Python 3.13. These two files of it are seen, and nothing else that Debian has installed.
lay_lgpio() {
    case $3 in amd64) machine=x86_64 ;; *) machine=aarch64 ;; esac
    for file in lgpio.py "_lgpio.cpython-$(echo "$2" | tr -d .)-$machine-linux-gnu.so"; do
        ln -sfn "/usr/lib/python3/dist-packages/$file" "$1/$file"
    done
}

# $1: folder of a release; $2: 3.13; $3: amd64, arm64; $4: wheelhouse; $5: python with pip; more words
# as for lay_packages. Without bytecode, which the machine itself makes.
lay_release() {
    release=$1 version=$2 arch=$3
    site=$release/lib/python$2/site-packages
    mkdir -p "$site" "$release/bin" "$release/share"
    shift 3
    lay_packages "$site" "$version" "$@"
    lay_program "$site"
    lay_lgpio "$site" "$version" "$arch"
    ln -sfn /usr/bin/python3 "$release/bin/python"
    printf 'home = /usr/bin\ninclude-system-site-packages = false\nversion = %s\n' "$version" \
        >"$release/pyvenv.cfg"
    install -m 755 "$here/device/scanner" "$release/bin/scanner"
    lay_share "$release/share"
    chmod -R u=rwX,go=rX "$release"
}

# $1: share of a release: what the installer puts into the system when this release becomes current.
lay_share() {
    mkdir -p "$1/units"
    for unit in "$here"/*.service "$here"/*.timer "$here"/*.mount; do
        install -m 644 "$unit" "$1/units/"
    done
    install -m 644 "$here/release.sh" "$here/activate.sh" "$here/checkpoint.toml" \
        "$source_root/hardware/fault_lamp.py" \
        "$here/device/may_scan.py" "$here"/device/sysusers.conf "$here"/device/tmpfiles.conf "$here"/device/udev.rules \
        "$here/README.md" "$1/"
}

# $1: 3.13; $2: amd64, arm64. The version of the program and what stands for its content: the same
# twice is the same release, and two of one version do not get in each other's way.
release_name() {
    sum=$( (cd "$source_root" && program_files && find systemd -type f ! -name '*.md') |
        (cd "$source_root" && LC_ALL=C sort | xargs sha256sum && echo "$1 $2" &&
            sha256sum <"$device_lock") | sha256sum | cut -c 1-8)
    printf '%s-%s\n' "$(program_version)" "$sum"
}

program_version() {
    sed -n 's/^__version__ = "\(.*\)"/\1/p' "$source_root/scanner/__init__.py"
}
