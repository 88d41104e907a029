# From an installed image and a boot file to the first green, as a technician without network does it.
# Each action of a person has one line in /run/results/actions.
set -ux
. /run/job/prepare.sh
action() { echo "$*" >>/run/results/actions; }
systemctl stop scanner-sync.timer scanner-upload.timer scanner-enrol.timer
# A board without a battery, off for forty days: its clock goes on where it was.
date -s '-40 days'
# Once for the box, before the cards are copied.
install -m 640 -g scanner /run/job/root.json /run/job/fleet.key /etc/scanner/

action "Copy the boot file to the card."
cp /run/job/boot.toml /boot/firmware/checkpoint.toml
action "Power on."
systemctl restart scanner-first-boot.service
action "Wait for both lamps."
cat /boot/firmware/checkpoint.result.txt
ls -l /etc/scanner
PYTHONPATH=/run/job python3 -m tests.virtual_device.guest.feeder \
    /run/job /run/job/timetable.json /run/results/fed &
feeder=$!
systemctl start scanner.service
action "Load the city's lists from a stick."
scanner sync --from /run/job/lists
action "Hold the city's time code before the camera."
action "Hold a pass before the camera."
touch /run/feed
wait "$feeder"
systemctl stop scanner.service
keep_trace
