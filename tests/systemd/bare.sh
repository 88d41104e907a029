#!/bin/sh
# Installs the scanner in bare Debian roots, by package and by install.sh, and starts its units there.
#
#     sh tests/systemd/bare.sh [12] [13]        both without a word; root, apt's mirrors, 2 GB of disk
#
# Bare: nothing but what Debian itself needs, Python and systemd. Each root is unpacked anew from an
# archive; nothing of this machine is mounted into it. systemd-nspawn, where it is installed, starts
# the units in a namespace that goes with it; devices and a network of its own are the virtual
# device's matter (tests/virtual_device). $BARE_CACHE holds archives and wheels between two runs.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cache=${BARE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/scanner-bare}
arch=$(dpkg --print-architecture)
python=${PYTHON:-$root/.venv/bin/python}
export PYTHON="$python" SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-1590000000}"

say() { printf 'bare: %s\n' "$*"; }

need() {
    command -v "$1" >/dev/null && return
    say "$1 is missing. As root, run:  apt-get install -y --no-install-recommends $2"
    exit 69
}

# Sets $suite, $version and $zbar for the release $1 of Debian.
choose() {
    case $1 in
    12) suite=bookworm version=3.11 zbar=libzbar0 ;;
    13) suite=trixie version=3.13 zbar=libzbar0t64 ;;
    *) say "12 or 13, not $1" && exit 64 ;;
    esac
}

provide() {
    archive=$cache/$suite.tar wheels=$cache/wheels-$version
    mkdir -p "$cache"
    if [ ! -e "$archive" ]; then
        say "making a bare Debian $1"
        mmdebstrap --quiet --variant=apt \
            --include="systemd-sysv,udev,dbus,python3,procps,kmod,util-linux,$zbar" \
            "$suite" "$archive.part.tar"
        mv "$archive.part.tar" "$archive"
    fi
    [ -e "$wheels/.whole" ] || {
        sh "$root/systemd/wheelhouse.sh" --arch "$arch" --python "$version" --out "$wheels"
        touch "$wheels/.whole"
    }
}

# A fresh root in $1.
unpack() {
    mkdir "$1"
    tar -xf "$archive" -C "$1"
}

inside() { chroot "$tree" env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"; }

by_package() {
    tree=$work/package
    unpack "$tree"
    package=$(sh "$root/systemd/build_deb.sh" --arch "$arch" --python "$version" \
        --out "$tree/root" --wheelhouse "$wheels")
    inside dpkg -i "/root/${package##*/}" >"$work/log" 2>&1 || { cat "$work/log" && return 1; }
    inside scanner --version
    inside scanner migrate
    inside stat -c %U:%a /var/lib/scanner | grep -qx scanner:700
    say "Debian $1: installed as a package"
}

by_script() {
    tree=$work/script
    unpack "$tree"
    mkdir "$tree/root/device"
    cp -r "$root/systemd" "$root/scanner" "$root/hardware" "$tree/root/device/"
    cp -r "$wheels" "$tree/root/device/wheelhouse"
    inside sh /root/device/systemd/install.sh >"$work/log" 2>&1 || { cat "$work/log" && return 1; }
    inside sh /root/device/systemd/install.sh 2>&1 | grep -q 'nothing to do'
    inside scanner migrate >/dev/null
    inside sh /root/device/systemd/install.sh --uninstall
    [ -e "$tree/var/lib/scanner/outbox.db" ] && [ ! -e "$tree/opt/scanner/current" ]
    say "Debian $1: installed by install.sh, twice, and removed; the records stayed"
}

# For one board, by a city that has no other file than a key; $1: folder of the stick.
make_stick() {
    mkdir "$work/city"
    echo AGE-SECRET-KEY-1EXAMPLE >"$work/city/fleet.key"
    printf 'name,serial,zone,wifi_ssid,wifi_password,wifi_country\nnorth-1,10000000abcdef01,7,Gate,secret123,DE\n'  >"$work/devices.csv"
    (cd "$root" && "$python" -m scanner fleet stick "$1" --devices "$work/devices.csv" --dir "$work/city")
}

# The units under this release's systemd, and a canary in each one's place.
started() {
    if ! command -v systemd-nspawn >/dev/null; then
        say "no systemd-nspawn here: no unit was started. Debian calls it: systemd-container"
        return
    fi
    tree=$work/package
    (cd "$root" && "$python" -m tests.systemd.canary_units "$tree/root/canaries" >/dev/null)
    cp "$root/tests/systemd/canary.py" "$root/tests/systemd/guest.sh" "$tree/root/"
    mkdir -p "$tree/root/frames"
    cp "$root/sample_codes/transit.png" "$tree/root/frames/"
    make_stick "$tree/root/stick"
    printf '[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\n%s\n' \
        "ExecStart=/bin/sh -c 'sh /root/guest.sh >/root/said 2>&1; systemctl --no-block poweroff'" \
        >"$tree/etc/systemd/system/guest.service"
    mkdir -p "$tree/etc/systemd/system/default.target.wants"
    ln -s ../guest.service "$tree/etc/systemd/system/default.target.wants/"
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout 600 systemd-nspawn -q -D "$tree" --register=no \
        --keep-unit -b </dev/null >"$work/log" 2>&1 || true
    cat "$tree/root/said"
    grep -qx 'guest: all well' "$tree/root/said"
}

[ "$(id -u)" = 0 ] || { say "run this as root" && exit 69; }
need mmdebstrap "mmdebstrap systemd-container"
[ $# -gt 0 ] || set -- 12 13
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
for release in "$@"; do
    choose "$release"
    provide "$release"
    by_package "$release"
    by_script "$release"
    started
    rm -rf --one-file-system "${work:?}"/*
done
say "done: $*"
