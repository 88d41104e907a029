# The virtual day: the feeder plays the timetable before the scanner that ships, in its sandbox.
set -eux
. /run/job/prepare.sh
set_up
discipline
load_lists
cat /proc/uptime
PYTHONPATH=/run/job python3 -m tests.virtual_device.guest.feeder /run/job /run/job/timetable.json /run/results/fed &
feeder=$!
# A device keeps the moment of a scan to itself; whoever judges the day needs each of them.
mkdir -p /run/systemd/system/scanner.service.d
printf '[Service]\nEnvironment=SCANNER_TELL_SCANS=1\n' >/run/systemd/system/scanner.service.d/tell.conf
systemctl daemon-reload
systemctl start scanner.service
cat /proc/uptime
sleep 5
touch /run/feed
wait "$feeder"
cat /proc/uptime
systemctl stop scanner.service
keep_trace
as_scanner status || true
