#!/bin/sh
# Runs the job on the second disk, writes what it leaves in /run/results to the third, switches off.
set -u
mkdir -p /run/job /run/results
mount -o ro /dev/vdb /run/job
cd /run/results
sh /run/job/job.sh >/run/results/log 2>&1
echo $? >/run/results/exit-code
journalctl -b -o short-monotonic --no-hostname >/run/results/journal 2>&1
tar -c -f /dev/vdc -C /run/results .
sync
systemctl poweroff --force
