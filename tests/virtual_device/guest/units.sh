# Every unit under its sandbox: with the canary in its program's place, by systemd's own judgement,
# and started as it is.
set -ux
. /run/job/prepare.sh
set_up
cp /run/job/canary.py /opt/scanner/canary.py
cp /run/job/canary-units/* /run/systemd/system/
mkdir -p /run/scanner-reader /run/scannerstick
systemctl daemon-reload
for unit in /run/job/canary-units/*.service; do
    name=$(basename "$unit")
    systemctl start "$name"
    journalctl -b -o cat -u "$name" | grep '^canary: ' >"/run/results/${name%.service}"
done

for unit in /usr/lib/systemd/system/scanner*.service; do
    name=$(basename "$unit" | sed 's/@\./@stick./')
    printf '%s %s\n' "$name" "$(systemd-analyze security --no-pager "$name" | tail -n 1)"
done >/run/results/security

# NAME, STATE, RESULT and STATUS of each unit, started as it is: what counts is that the program ran
# under its sandbox and ended by itself. Nobody answers here, and no file asks for anything. A stick is
# another job's matter (stick.sh).
said() {
    for property in Id ActiveState Result ExecMainStatus ExecMainStartTimestampMonotonic; do
        systemctl show -P "$property" "$1" | tr '\n' ' '
    done
    echo
}
discipline
as_scanner migrate
touch /var/lib/scanner/enrol.pending /boot/firmware/checkpoint.toml
echo '{}' >/var/lib/scanner/enrolment.json
chown scanner:scanner /var/lib/scanner/*
{
    for name in scanner-reader scanner-fault; do
        systemctl start "$name.service"
        sleep 6
        said "$name.service"
    done
    systemctl stop scanner-fault.service
    for name in scanner-sync scanner-upload scanner-enrol scanner-first-boot scanner-lamps@1; do
        systemctl start "$name.service" || true
        said "$name.service"
    done
} >/run/results/started
journalctl --no-pager -o short-monotonic -u 'scanner*' >/run/results/units-journal
keep_trace
