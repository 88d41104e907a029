# Run by bare.sh inside a bare Debian whose systemd is the first process: starts every unit, kills
# some, upgrades to what does not start, and puts a canary in each unit's place.
#
# Neither GPIO chip nor camera is here: the loop runs on frames and mock pins, under its own sandbox.

# shellcheck shell=sh
failed=0

check() {
    what=$1
    shift
    if "$@"; then echo "guest: well   $what"; else failed=1 && echo "guest: WRONG  $what"; fi
}

property() { systemctl show -P "$2" "$1"; }

is_active() { systemctl is-active --quiet "$1"; }

# Until the command succeeds, a minute at most.
soon() {
    for _ in $(seq 120); do
        "$@" && return
        sleep 0.5
    done
    return 1
}

has_restarted() { [ "$(property "$1" NRestarts)" -gt "$2" ]; }

# And stays so: between two starts it has failed for a moment only.
has_failed() {
    [ "$(property scanner ActiveState)" = failed ] && sleep 2 &&
        [ "$(property scanner ActiveState)" = failed ]
}

says() { journalctl -o cat --no-pager -u "$1" | grep -q "$2"; }

simulate() {
    mkdir -p /opt/scanner/frames /etc/systemd/system/scanner.service.d
    for number in $(seq 1000 1999); do
        ln -f /root/frames/transit.png "/opt/scanner/frames/$number.png"
    done
    cat >/etc/scanner/checkpoint.toml <<'END'
standalone = true
[camera]
source = "dir:/opt/scanner/frames"
fps = 4.0
[pins]
factory = "mock"
END
    printf '[Service]\nExecStart=\nExecStart=%s\n' \
        '/opt/scanner/current/bin/python -I -u -m scanner run --simulate' \
        >/etc/systemd/system/scanner.service.d/simulated.conf
    systemctl daemon-reload
}

units() {
    check "without settings the loop is left alone" [ "$(property scanner ActiveState)" = inactive ]
    simulate
    systemctl start scanner
    check "the loop gets ready under its sandbox" is_active scanner
    check "the reader runs as a service" is_active scanner-reader
    check "a code is read and judged" soon says scanner 'SIMULATED  UNDECIDED'
    loop=$(property scanner MainPID)
    systemctl kill -s KILL scanner-reader
    check "a killed reader comes back" soon has_restarted scanner-reader 0
    sleep 12 # longer than the watchdog
    check "the loop outlives it" [ "$(property scanner MainPID)" = "$loop" ]
    for name in sync upload enrol first-boot; do
        systemctl start "scanner-$name"
        check "$name ends well" [ "$(property "scanner-$name" Result)" = success ]
    done
}

boot_file() {
    mkdir -p /boot/firmware
    printf '%s\n' 'version = 1' 'standalone = true' '[checkpoint]' 'id = "gate-7"' '[wifi]' \
        'ssid = "Gate 7"' 'password = "correct horse"' 'country = "DE"' >/boot/firmware/checkpoint.toml
    mv /etc/scanner/checkpoint.toml /root/simulated.toml
    mkdir -p /var/lib/NetworkManager
    printf '[main]\nWirelessEnabled=false\n' >/var/lib/NetworkManager/NetworkManager.state
    systemctl start scanner-first-boot
    check "a boot file is taken" grep -q gate-7 /etc/scanner/checkpoint.toml
    check "and answered" grep -q '^OK' /boot/firmware/checkpoint.result.txt
    check "settings are root's" belongs root:root:644 /etc/scanner/checkpoint.toml
    check "and so is the Wi-Fi" belongs root:root:600 "$connections/scanner-wifi.nmconnection"
    check "and the country" grep -qx 'options cfg80211 ieee80211_regdom=DE' /etc/modprobe.d/scanner-wifi.conf
    check "the radio is switched on" grep -q Enabled=true /var/lib/NetworkManager/NetworkManager.state
    check "its password is wiped" [ "$(grep -c horse /boot/firmware/checkpoint.toml)" = 0 ]
    printf 'version = 1\ncolour = 1\n' >/boot/firmware/checkpoint.toml
    systemctl start scanner-first-boot 2>/dev/null
    check "a mistake is told beside the file" grep -q '^E-BOOT-KEY line 2' /boot/firmware/checkpoint.result.txt
    check "and the unit has failed" [ "$(property scanner-first-boot Result)" = exit-code ]
    systemctl reset-failed scanner-first-boot
    mv /root/simulated.toml /etc/scanner/checkpoint.toml
    rm -r /boot/firmware "$connections/scanner-wifi.nmconnection" /etc/modprobe.d/scanner-wifi.conf
}

connections=/etc/NetworkManager/system-connections

belongs() { [ "$(stat -c %U:%G:%a "$2")" = "$1" ]; }

# Neither a device nor vfat is here: a folder takes the place of what is mounted, and a file that of
# the board's serial number; the virtual device has the rest.
stick() {
    chown -R scanner:scanner /root/stick
    printf '10000000abcdef01\0' >/opt/scanner/serial
    mkdir -p /root/foreign /run/systemd/system/run-scannerstick.mount.d
    sed -e 's/^BindsTo=dev-%i.device /BindsTo=/' -e 's|fleet plug|& --serial-file /opt/scanner/serial|' \
        /usr/lib/systemd/system/scanner-stick@.service >/etc/systemd/system/scanner-stick@.service
    printf '[Mount]\nWhat=/root/foreign\nOptions=\nOptions=bind\n' \
        >/run/systemd/system/run-scannerstick.mount.d/here.conf
    systemctl daemon-reload
    loop=$(property scanner MainPID)
    systemctl start scanner-stick@vdy
    check "a stick of another kind stops nobody" [ "$(property scanner MainPID)" = "$loop" ]
    check "and stays as it is" [ -z "$(ls -A /root/foreign)" ]
    mv /etc/scanner/checkpoint.toml /root/simulated.toml
    sed -i 's|foreign|stick|' /run/systemd/system/run-scannerstick.mount.d/here.conf
    systemctl daemon-reload
    systemctl start scanner-stick@vdz
    check "a stick is taken" [ "$(property scanner-stick@vdz Result)" = success ]
    check "its settings are placed, by root" belongs root:root:644 /etc/scanner/checkpoint.toml
    check "keys are made, by the scanner" belongs scanner:scanner:600 /var/lib/scanner/device.key
    check "the request is on the stick" [ -s /root/stick/requests/10000000abcdef01.json ]
    check "the lamps tell of it" soon says scanner-lamps@1 'lamps show nothing\|Finished'
    check "then the stick is not mounted any more" [ "$(grep -c scannerstick /proc/mounts)" = 0 ]
    check "and the scanner goes on" soon says scanner 'Starting scanner.service'
    check "but not to scan, for nobody has placed it" soon \
        sh -c '[ "$(systemctl show -P Result scanner)" = exec-condition ]'
    check "which is no fault" [ "$(property scanner-fault ActiveState)" = inactive ]
    stick_away
}

stick_away() {
    mv /root/simulated.toml /etc/scanner/checkpoint.toml
    rm -r /etc/systemd/system/scanner-stick@.service /run/systemd/system/run-scannerstick.mount.d \
        "$connections/scanner-wifi.nmconnection"
    systemctl daemon-reload
    systemctl stop scanner
    systemctl reset-failed scanner
    systemctl start scanner
}

faults() {
    for _ in $(seq 60); do
        systemctl kill -s KILL scanner 2>/dev/null
        has_failed && break
        sleep 0.4
    done
    check "ends in quick succession bring the fault pattern" soon is_active scanner-fault
    check "and no more starts" has_failed
    check "but for another try half a minute later" soon is_active scanner
    check "and the fault pattern ends with it" soon sh -c '! systemctl is-active -q scanner-fault'
}

rollback() {
    good=$(readlink /opt/scanner/current)
    cp -a /opt/scanner/packaged /root/broken
    rm -r /root/broken/lib/python3.*/site-packages/msgspec
    (
        unit_dir=/usr/lib/systemd/system ready_s=15
        . /opt/scanner/packaged/share/activate.sh
        admit /root/broken broken-1
        activate broken-1
    ) && failed=1
    check "a release that does not start makes way" [ "$(readlink /opt/scanner/current)" = "$good" ]
    check "and the one before runs again" soon is_active scanner
}

# As this systemd judges what is installed here.
exposures() {
    for unit in /usr/lib/systemd/system/scanner*.service; do
        name=$(basename "$unit" | sed 's/@/@x/')
        printf '%s ' "$name"
        systemd-analyze security --no-pager "$name" 2>/dev/null | sed -n 's/.*level for [^ ]*: \([0-9.]*\).*/\1/p'
    done >/root/exposures
    awk '{ sum += $2; if ($2 > most) most = $2 }
        END { printf "guest: exposure of %d units: the largest %.1f, the mean %.2f\n", NR, most, sum / NR }' \
        /root/exposures
    check "no unit is exposed more than 1.2, 0.7 in the mean" awk \
        '{ sum += $2; if ($2 > 1.2 || $2 == "") bad = 1 } END { exit bad || NR < 9 || sum / NR > 0.7 }' \
        /root/exposures
}

canaries() {
    systemctl stop scanner scanner-retry.timer scanner-fault
    mkdir -p /run/scannerstick /boot/firmware
    cp /root/canary.py /opt/scanner/
    cp /root/canaries/* /etc/systemd/system/
    systemctl daemon-reload
    python3 -I /opt/scanner/canary.py | tail -n 1
    for unit in /root/canaries/*; do
        unit=${unit##*/}
        systemctl start "$unit" 2>/dev/null
        journalctl -o cat --no-pager -u "$unit" | grep -E 'WORKED|of 20'
        check "$unit" says "$unit" '0 of 20 worked'
    done
}

removal() {
    systemctl start scanner
    dpkg --remove checkpoint-scanner >/dev/null 2>&1
    running=$(systemctl list-units --no-legend --plain 'scanner*' | grep -c ' active ')
    check "a removal leaves nothing running" [ "$running" = 0 ]
    check "but the records" [ -e /var/lib/scanner/outbox.db ]
}

systemctl --version | head -n 1
units
boot_file
stick
faults
rollback
exposures
canaries
removal
[ "$failed" = 0 ] && echo "guest: all well" && exit
journalctl -o short-monotonic --no-pager -u 'scanner*' | tail -n 400
