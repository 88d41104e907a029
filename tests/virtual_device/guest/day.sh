# The virtual day: the feeder plays the timetable before the scanner that ships, in its sandbox.
set -eux
. /run/job/prepare.sh
keep_in_memory 64
set_up
discipline
load_lists
PYTHONPATH=/run/job python3 -m tests.virtual_device.guest.feeder /run/job /run/job/timetable.json /run/results/fed &
feeder=$!
# A device keeps the moment of a scan to itself; whoever judges the day needs each of them.
systemctl set-environment SCANNER_TELL_SCANS=1
systemctl start scanner.service
sleep 5
touch /run/feed
wait "$feeder"
systemctl stop scanner.service
keep_trace
