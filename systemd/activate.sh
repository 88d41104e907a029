# Sourced on the device: makes a release the current one, and goes back when it does not get ready.
#
# Releases lie side by side in /opt/scanner/releases; the link /opt/scanner/current names one, and
# systemd's units lead through it. Databases only ever gain tables and columns, so the release before
# runs on what the newer one has migrated.

# shellcheck shell=sh
: "${root:=}" "${ready_s:=60}" "${unit_dir:=$root/usr/local/lib/systemd/system}"
home=$root/opt/scanner
rules_dir=$root/etc/udev/rules.d
started="scanner-first-boot.service scanner.service scanner-enrol.timer scanner-sync.timer
    scanner-upload.timer"
stopped="scanner-retry.timer scanner-enrol.timer scanner-sync.timer scanner-upload.timer
    scanner-first-boot.service scanner-enrol.service scanner-sync.service scanner-upload.service
    scanner-fault.service scanner.service scanner-reader.service"

say() { printf 'scanner: %s\n' "$*" >&2; }

# Whether systemd runs here: in a chroot, or under --root, only its links are made.
has_systemd() { [ -z "$root" ] && [ -d "${systemd_run:-/run/systemd/system}" ]; }

current_release() {
    target=$(readlink "$home/current" 2>/dev/null) || return 0
    printf '%s\n' "${target#releases/}"
}

is_ready() { systemctl is-active --quiet scanner.service; }

# Within $ready_s seconds; a service that counts as active has said READY=1.
becomes_ready() {
    left_s=$ready_s
    until is_ready; do
        [ "$left_s" -gt 0 ] || return 1
        left_s=$((left_s - 1))
        sleep 1
    done
}

# $1: a release. Whoever follows the link meets the one or the other, never none; and never one that
# a cut of the power has left half written.
switch_to() {
    sync
    ln -sfn "releases/$1" "$home/current.next"
    mv -T "$home/current.next" "$home/current"
}

# The empty folders in which every unit finds its files. Not in a release: systemd 252 stumbles over a
# link on the way to a unit's root.
make_unit_root() {
    for folder in dev proc sys run tmp boot/firmware opt/scanner etc/scanner etc/modprobe.d \
        etc/NetworkManager/system-connections usr/bin usr/sbin usr/lib usr/lib64 var/lib/scanner \
        var/lib/NetworkManager var/tmp; do
        mkdir -p "$home/root/$folder"
    done
    ln -sfn usr/lib "$home/root/lib"
    ln -sfn usr/lib64 "$home/root/lib64"
}

# What the release $1 brings for systemd and udev; what only an older one had is taken away.
put_units() {
    share=$home/releases/$1/share
    mkdir -p "$unit_dir" "$rules_dir"
    make_unit_root
    for unit in "$unit_dir"/scanner.service "$unit_dir"/scanner-* "$unit_dir"/run-scanner*; do
        [ ! -f "$unit" ] || [ -e "$share/units/${unit##*/}" ] || rm -f "$unit"
    done
    install -m 644 "$share"/units/* "$unit_dir/"
    install -D -m 644 "$share/sysusers.conf" "$root/usr/lib/sysusers.d/scanner.conf"
    install -D -m 644 "$share/tmpfiles.conf" "$root/usr/lib/tmpfiles.d/scanner.conf"
    install -D -m 644 "$share/udev.rules" "$rules_dir/70-scanner.rules"
}

# Users, folders and links that the units need; each step may be done again at any time.
prepare_system() {
    systemd-sysusers ${root:+--root="$root"} scanner.conf
    # In a chroot without /proc it refuses; where there is a root of its own, its first start does it.
    systemd-tmpfiles ${root:+--root="$root"} --create scanner.conf 2>/dev/null || [ -n "$root" ] || {
        install -d -o root -g scanner -m 750 /etc/scanner
        install -d -o scanner -g scanner -m 700 /var/lib/scanner
    }
    # shellcheck disable=SC2086  # a list of units
    systemctl ${root:+--root="$root"} --quiet enable $started
    has_systemd || return 0
    systemctl daemon-reload
    { udevadm control --reload && udevadm trigger --subsystem-match=gpio; } 2>/dev/null ||
        say "udev does not answer: its rules count from the next start on"
}

stop_all() {
    has_systemd || return 0
    # shellcheck disable=SC2086  # a list of units
    systemctl stop $stopped 2>/dev/null || true
    # One that had to be killed has called for the fault pattern.
    systemctl stop scanner-fault.service scanner-retry.timer 2>/dev/null || true
    systemctl reset-failed 'scanner*' 2>/dev/null || true
}

start_all() {
    has_systemd || return 0
    # shellcheck disable=SC2086  # a list of units
    systemctl start --no-block $started
}

# The one library of the pins, which Raspberry Pi OS offers and plain Debian 13 does not.
has_lgpio() { [ -e "$root/usr/lib/python3/dist-packages/lgpio.py" ]; }
no_lgpio="python3-lgpio is missing: no lamp will light. Run  apt-get install python3-lgpio"
no_lgpio="$no_lgpio  or, where that is not offered, as by plain Debian 13, use Raspberry Pi OS."

# $1: a release. 1: it did not get ready, and the one before is current again.
activate() {
    before=$(current_release) was_ready=no
    has_systemd && is_ready && was_ready=yes
    stop_all
    make_current "$1"
    # A device that was not ready before (no settings, no camera) says nothing about the release.
    if [ "$was_ready" = yes ] && ! becomes_ready; then
        say "$1 was not ready within $ready_s s; back to $before. \`journalctl -u scanner\` says why."
        stop_all
        make_current "$before"
        return 1
    fi
    prune "$1" "$before"
    say "$1 is current"
    has_lgpio || say "$no_lgpio"
}

make_current() {
    put_units "$1"
    switch_to "$1"
    prepare_system
    start_all
}

# Everything but settings, keys and records, which are not the program's.
remove_all() {
    stop_all
    # shellcheck disable=SC2086  # a list of units
    systemctl ${root:+--root="$root"} --quiet disable $started 2>/dev/null || true
    rm -f "$unit_dir/scanner.service" "$unit_dir"/scanner-* "$unit_dir"/run-scanner* \
        "$rules_dir/70-scanner.rules" "$root/usr/lib/sysusers.d/scanner.conf" \
        "$root/usr/lib/tmpfiles.d/scanner.conf"
    rm -rf --one-file-system "$home/releases" "$home/root" "$home/current" "$home/current.next"
    ! has_systemd || systemctl daemon-reload
}

# Keeps the releases $1 and $2.
prune() {
    for release in "$home"/releases/*; do
        case ${release##*/} in "$1" | "$2") ;; *) rm -rf "$release" ;; esac
    done
}

# $1: a folder with a release; becomes releases/$2 with its bytecode, or is there already.
admit() {
    [ ! -d "$home/releases/$2" ] || return 0
    mkdir -p "$home/releases"
    rm -rf "$home/releases/$2.part"
    # Hard links where it can be: the same bytes twice would be a third of a small card's free space.
    cp -al "$1" "$home/releases/$2.part" 2>/dev/null || {
        rm -rf "$home/releases/$2.part"
        cp -a "$1" "$home/releases/$2.part"
    }
    compile "$home/releases/$2.part"
    mv -T "$home/releases/$2.part" "$home/releases/$2"
}

# $1: folder of a release. Bytecode is made here, by root, since the scanner may write nothing.
compile() {
    [ -x "$1/bin/python" ] || return 0
    "$1/bin/python" -I -m compileall -q -j 0 \
        -s "$1" -p "/opt/scanner/current" "$1/lib" || say "some bytecode could not be made"
}
