# Fifty faults, one after the other, each with people coming by; the state has a small disk of its own.
set -eux
. /run/job/prepare.sh
truncate -s 96M /root/state.img
mke2fs -q -t ext4 -m 0 /root/state.img
mount -o loop /root/state.img /var/lib/scanner
rmdir /var/lib/scanner/lost+found
set_up
discipline
load_lists
PYTHONPATH=/run/job python3 -m tests.virtual_device.guest.faults /run/job /run/results/faults &
injector=$!
sleep 2
systemctl start scanner.service
wait "$injector"
systemctl stop scanner.service
keep_trace
