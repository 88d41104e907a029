#!/bin/sh
# Installs or upgrades the scanner on a device; `sh systemd/install.sh --help`.
set -eu

usage() {
    cat <<'END'
sudo sh systemd/install.sh [--wheelhouse DIR]   install or upgrade; again changes nothing
     sh systemd/install.sh --check              say what is missing or would be done
sudo sh systemd/install.sh --uninstall          remove the program; settings and records stay
sudo sh systemd/install.sh --uninstall --purge  remove those, too

For Raspberry Pi OS and Debian, releases 12 and 13. No network is needed with a wheelhouse (made by
systemd/wheelhouse.sh; the folder `wheelhouse` beside `systemd` is found by itself) and with
libzbar0, python3-lgpio and rpicam-apps in place; what is missing of these comes by apt-get.

The releases lie side by side in /opt/scanner/releases. One that is not ready within a minute after
an upgrade makes way for the one before.

Exit code: 0 done, or nothing to do    1 --check: something to do; or the release before is in use
           64 wrong usage              69 something is missing; the line above says what

--root DIR: into this folder instead of the running system, as for an image.
END
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/release.sh"
root='' wheels='' task=install purge=no
while [ $# -gt 0 ]; do
    case $1 in
    --wheelhouse) wheels=${2-} && shift ;;
    --root) root=${2-} && shift ;;
    --check) task=check ;;
    --uninstall) task=uninstall ;;
    --purge) purge=yes ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 64 ;;
    esac
    shift || { usage >&2 && exit 64; }
done
. "$here/activate.sh"
: "${wheels:=$source_root/wheelhouse}"
python=${PYTHON:-/usr/bin/python3}

# The first of Debian 12 without the memory faults CVE-2023-40889 and CVE-2023-40890.
least_zbar=0.23.92-7+deb12u1
space_kb=700000

# Sets $version and $arch.
look_around() {
    version=$("$python" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
        give_up "there is no $python. As root, run:  apt-get install python3"
    case $version in
    3.11 | 3.12 | 3.13) ;;
    *) give_up "Python 3.11 to 3.13 is needed; this system has $version." ;;
    esac
    arch=$(dpkg --print-architecture)
    platforms_of "$arch" >/dev/null
}

# $1: package. Empty when it is not installed. Debian 13 calls libzbar0 libzbar0t64.
version_of() {
    dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" "$1"t64 2>/dev/null |
        sed -n 's/^installed //p' | head -n 1
}

is_offered() {
    [ -n "$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: \([^(].*\)/\1/p')" ]
}

# System packages that are missing: those that must be there, and those that this system offers.
# Not every board has a ribbon camera, and plain Debian has no python3-lgpio.
missing_packages() {
    zbar=$(version_of libzbar0)
    [ -n "$zbar" ] && dpkg --compare-versions "$zbar" ge "$least_zbar" || echo libzbar0
    for package in python3-lgpio rpicam-apps; do
        [ -n "$(version_of "$package")" ] || ! is_offered "$package" || echo "$package"
    done
}

provide_packages() {
    missing=$(missing_packages | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    say "apt-get install $missing"
    # shellcheck disable=SC2086  # a list of words
    LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y \
        --no-install-recommends $missing </dev/null >&2 || say "apt-get failed, see above"
    case " $(missing_packages | tr '\n' ' ')" in
    *" libzbar0 "*)
        give_up "libzbar0 $least_zbar or newer is needed: this one may be taken over by a QR code." ;;
    esac
}

# The wheelhouse's own pip, whose hash is looked at before it is run.
find_pip() {
    for wheel in "$wheels"/pip-*.whl; do
        [ -e "$wheel" ] || give_up "no wheelhouse in $wheels. Make one with systemd/wheelhouse.sh."
        sum=$(sha256sum <"$wheel" | cut -d ' ' -f 1)
        sed -n '/^pip==/,/[^\\]$/p' "$device_lock" | grep -q "sha256:$sum" ||
            give_up "$wheel is not the pip of the lock. Make the wheelhouse anew."
        pip_wheel=$wheel
    done
}

check_space() {
    mkdir -p "$home"
    free_kb=$(df -Pk "$home" | sed -n '2s/  */ /gp' | cut -d ' ' -f 4)
    [ "$free_kb" -ge $space_kb ] || give_up "$home needs 700 MB; $((free_kb / 1000)) MB are free."
}

make_release() {
    [ ! -d "$home/releases/$name" ] || return 0
    find_pip
    check_space
    part=$home/releases/$name.part
    rm -rf "$part"
    lay_release "$part" "$version" "$arch" "$wheels" "$python"
    compile "$part"
    mv -T "$part" "$home/releases/$name"
}

install_release() {
    is_packaged && give_up "the package checkpoint-scanner is installed: upgrade it with apt-get."
    provide_packages
    make_release
    if [ "$(current_release)" = "$name" ] && has_units "$name"; then
        say "$name is current; nothing to do"
        return 0
    fi
    mkdir -p "$root/usr/local/bin"
    ln -sfn /opt/scanner/current/bin/scanner "$root/usr/local/bin/scanner"
    activate "$name"
}

is_packaged() { [ -z "$root" ] && [ -n "$(version_of checkpoint-scanner)" ]; }

# $1: a release. Whether all its units are in place as it has them.
has_units() {
    for unit in "$home/releases/$1/share/units"/*; do
        cmp -s "$unit" "$unit_dir/${unit##*/}" || return 1
    done
}

check() {
    problems=0
    for package in $(missing_packages); do
        finding "$package is missing or too old; it comes by apt-get"
    done
    has_lgpio || is_offered python3-lgpio || finding "$no_lgpio"
    now=$(current_release)
    if [ "$now" != "$name" ]; then
        finding "the release ${now:-none} is current; $name would be installed from $wheels"
    elif ! has_units "$name"; then
        finding "the units in $unit_dir are not those of $name"
    fi
    [ -e "$root/etc/scanner/checkpoint.toml" ] ||
        finding "there are no settings: /etc/scanner/checkpoint.toml, or a boot file on the card"
    ! has_systemd || is_ready || finding "scanner.service is not running: run \`scanner doctor\`"
    [ "$problems" -gt 0 ] || say "$name is installed and in order"
    [ "$problems" = 0 ]
}

finding() {
    problems=$((problems + 1))
    say "$*"
}

uninstall() {
    is_packaged && give_up "it came as a package: run  apt-get remove checkpoint-scanner"
    remove_all
    rm -f "$root/usr/local/bin/scanner"
    if [ "$purge" = yes ]; then
        rm -rf "$root/etc/scanner" "$root/var/lib/scanner"
        say "removed, with settings, keys and records"
    else
        say "removed; settings and records are left in /etc/scanner and /var/lib/scanner"
    fi
}

[ "$task" = check ] || [ -n "$root" ] || [ "$(id -u)" = 0 ] || give_up "run this with sudo."
case $task in
uninstall) uninstall ;;
*)
    look_around
    name=$(release_name "$version" "$arch")
    if [ "$task" = check ]; then check; else install_release; fi
    ;;
esac
