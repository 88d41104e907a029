# Fifty faults, one after the other, each with people coming by; the state has a small disk of its own.
set -eux
. /run/job/prepare.sh
keep_in_memory 96
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
