# Sourced with $root set to the checkout: leaves a working $root/.venv, or says what to do and exits.
#
# Used by scanner/demo.sh and tests/run.sh; the latter also sets $needs_postgres, $needs_faketime and
# $needs_strace. Everything is looked for by loading it, never by the name of a package, and nothing
# is fetched when nothing is missing. One lock file serves both commands: the test tools are a
# quarter of it, and the second command finds everything in place.
#
# .venv/unfinished stands there while .venv is being made: a run that was cut off is begun anew.
# .venv/installed is written last: the interpreter, the checkout's place, and a copy of the lock.

# shellcheck shell=sh disable=SC2154  # root is set by whoever sources this
venv=$root/.venv
lock=$root/requirements.lock
: "${postgres_home:=/usr/lib/postgresql}"
: "${faketime_home:=/usr/lib}"
: "${postgres_conf:=/etc/postgresql-common/createcluster.conf}"

# Packages from elsewhere on PYTHONPATH would be taken for ours; UTF-8 in any locale.
unset PYTHONHOME PYTHONPATH
export PYTHONUTF8=1

say() { printf 'setup: %s\n' "$*" >&2; }

# 69 is EX_UNAVAILABLE: it cannot be mistaken for a failed test or a wrong verdict.
give_up() {
    say "$*"
    exit 69
}

# Packages whose library $1 (a python3) cannot load.
missing_libraries() {
    "$1" -I -S -c '
import ctypes, sys
for pair in sys.argv[1:]:
    package, library = pair.split("=")
    try:
        ctypes.CDLL(library)
    except OSError:
        print(package)
' libzbar0=libzbar.so.0 libgl1=libGL.so.1 libglib2.0-0=libgthread-2.0.so.0
}

# Sets $python to an interpreter that can make environments; it stands outside .venv.
find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        python=$("$name" -I -c '
import ctypes, ensurepip, sys, venv
assert sys.version_info >= (3, 11)
print(sys._base_executable)
' 2>/dev/null) && return
    done
    python=
    return 1
}

# Sets $missing; without an interpreter nothing can be tried, and apt passes over what is there.
find_missing() {
    if find_python; then
        missing=$(missing_libraries "$python" | tr '\n' ' ')
    else
        missing='python3-venv libzbar0 libgl1 libglib2.0-0'
    fi
}

as_root() {
    [ "$(id -u)" = 0 ] || set -- sudo "$@"
    "$@" </dev/null >/dev/null
}

# apt-get as root; it needs the sbin folders, which `su` leaves out, and waits for an update that
# runs in the background.
apt() {
    as_root env LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin" apt-get -qq \
        -o DPkg::Lock::Timeout=300 -o DPkg::Use-Pty=0 "$@"
}

can_be_root() {
    [ "$(id -u)" = 0 ] && return
    command -v sudo >/dev/null || return
    sudo -n true 2>/dev/null && return
    [ -t 0 ] && say "sudo will ask for your password" && sudo true
}

install_packages() {
    by_hand="apt-get update && apt-get install -y --no-install-recommends $*"
    command -v apt-get >/dev/null ||
        give_up "this system has no apt-get. Install what Debian calls: $*. Then run this again."
    can_be_root || give_up "system packages are missing. As root, run:  $by_hand"
    say "installing $* with apt-get"
    # apt waits for dpkg's lock but not for the lock on its lists: hence more than one try.
    for pause_s in 10 30 0; do
        apt update || say "apt-get update failed; going on with the lists at hand"
        apt install -y --no-install-recommends "$@" && return
        [ "$pause_s" = 0 ] || say "apt-get failed; once more in $pause_s s"
        sleep "$pause_s"
    done
    give_up "apt-get failed, see above. When it works again, run:  $by_hand"
}

provide_system() {
    find_missing
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086  # a list of words
    install_packages $missing
    find_python || give_up "Python 3.11 or newer is needed; this system has $(python3 -V 2>&1)."
    missing=$(missing_libraries "$python")
    [ -z "$missing" ] || give_up "installed, but it cannot be loaded: $missing"
}

# Debian keeps the programs of a PostgreSQL server off PATH.
has_postgres() {
    [ -n "${needs_postgres-}" ] || return 0
    command -v initdb >/dev/null && return
    for program in "$postgres_home"/*/bin/initdb; do
        [ -x "$program" ] && return
    done
    return 1
}

# The tests start servers of their own, so Debian need not make one and start it.
provide_postgres() {
    if ! command -v apt-get >/dev/null || ! can_be_root; then
        say "no PostgreSQL server here: its tests are skipped. Debian calls it: postgresql"
        return
    fi
    # shellcheck disable=SC2016  # the inner shell expands it
    [ -e "$postgres_conf" ] || as_root sh -c \
        'mkdir -p "${1%/*}" && echo "create_main_cluster = false" >"$1"' sh "$postgres_conf"
    install_packages postgresql
}

# A library that lets a program see another time of day.
has_faketime() {
    [ -n "${needs_faketime-}" ] || return 0
    for library in "$faketime_home"/*/faketime/libfaketime.so.1; do
        [ -e "$library" ] && return
    done
    return 1
}

provide_faketime() {
    if ! command -v apt-get >/dev/null || ! can_be_root; then
        say "no libfaketime here: its tests are skipped. Debian calls it: libfaketime"
        return
    fi
    install_packages libfaketime
}

# It kills programs at the system call that a test names.
has_strace() {
    [ -z "${needs_strace-}" ] || command -v strace >/dev/null
}

provide_strace() {
    if ! command -v apt-get >/dev/null || ! can_be_root; then
        say "no strace here: its tests are skipped. Debian calls it: strace"
        return
    fi
    install_packages strace
}

# What .venv depends on besides the lock: scripts in it name their interpreter by its path.
place() {
    "$venv/bin/python" -I -S -c 'import sys; print("Python %d.%d in" % sys.version_info[:2])' &&
        printf '%s\n' "$root"
}

is_ready() {
    [ -x "$venv/bin/python" ] && [ ! -e "$venv/unfinished" ] && [ -e "$venv/installed" ] &&
        { place && cat "$lock"; } 2>/dev/null | cmp -s - "$venv/installed" &&
        [ -z "$(missing_libraries "$venv/bin/python")" ]
}

# True when .venv was finished once, here and with an interpreter that still runs.
is_usable() {
    [ ! -e "$venv/unfinished" ] && "$venv/bin/python" -I -m pip --version >/dev/null 2>&1 || return
    [ ! -e "$venv/installed" ] || [ "$(place)" = "$(head -n 2 "$venv/installed")" ]
}

make_venv() {
    say "making .venv with $python"
    { rm -rf "$venv" && mkdir "$venv" && touch "$venv/unfinished" && "$python" -m venv "$venv"; } ||
        give_up "$venv cannot be made. Remove it (it may belong to another user), then run again."
}

# Whatever index, mirror or certificate pip is set to use here, only files of the lock get in.
# The lock is complete, so pip resolves nothing (--no-deps): older ones stumble over a requirement
# with extras as soon as a release newer than the locked one is out.
install_lock() {
    if [ -t 2 ]; then quiet=; else quiet=-q; fi
    say "installing the Python packages of requirements.lock, about 160 MB"
    # shellcheck disable=SC2086  # an option or nothing
    PIP_USER=0 "$venv/bin/python" -I -m pip install $quiet --no-input --disable-pip-version-check \
        --no-deps --require-hashes --only-binary=:all: -r "$lock" >&2 ||
        give_up "pip failed, see above. Check the network and the free space, then run this again."
    "$venv/bin/python" -I -c 'import cv2, zxingcpp; from pyzbar import pyzbar' ||
        give_up "installed, but a library cannot be loaded, see above."
}

# The checkout itself is not copied: .venv looks into it, by a path that holds wherever it lies.
join_checkout() {
    site=$("$venv/bin/python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    echo ../../../.. >"$site/checkpoint_scanner.pth"
    cat >"$venv/bin/scanner" <<'END'
#!/bin/sh
exec "$(dirname -- "$(readlink -f -- "$0")")/python" -P -m scanner "$@"
END
    chmod +x "$venv/bin/scanner"
}

provide_venv() {
    is_usable || make_venv
    touch "$venv/unfinished" || give_up "$venv belongs to another user. Remove it, then run again."
    install_lock
    join_checkout
    { place && cat "$lock"; } >"$venv/installed"
    rm "$venv/unfinished"
}

set_up() {
    is_ready && has_postgres && has_faketime && has_strace && return
    exec 9<"$lock"
    if command -v flock >/dev/null && ! flock -n 9; then
        say "another run is installing; waiting for it"
        flock 9
    fi
    if ! is_ready; then
        began_s=$(date +%s)
        provide_system
        is_ready || provide_venv
        say "ready after $(($(date +%s) - began_s)) s"
    fi
    has_postgres || provide_postgres
    has_faketime || provide_faketime
    has_strace || provide_strace
    exec 9<&-
}

set_up
