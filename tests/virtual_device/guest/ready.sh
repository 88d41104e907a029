# From the exec of the loop's program to READY=1, against the bare import of numpy and OpenCV: exec
# by the kernel's own record, READY=1 by systemd's.
set -ux
. /run/job/prepare.sh
set_up
discipline
load_lists
as_scanner migrate
PYTHONPATH=/run/job python3 -m tests.virtual_device.guest.feeder \
    /run/job /run/job/timetable.json /run/results/fed &
systemctl start scanner-reader.service
sleep 10
execs=/sys/kernel/tracing/events/sched/sched_process_exec
echo 'filename ~ "*/python*"' >$execs/filter
echo 1 >$execs/enable
for turn in 1 2 3 4 5; do
    # NAME PID FROM_US TO_US
    OPENBLAS_NUM_THREADS=1 /opt/scanner/current/bin/python -I -c \
        'import numpy, cv2, os, time; print("import", os.getpid(), 0, time.monotonic_ns() // 1000)'
    systemctl reset-failed # it may be started only so often in a while
    systemctl start scanner.service
    for property in ExecMainPID ExecMainStartTimestampMonotonic ActiveEnterTimestampMonotonic; do
        systemctl show -P "$property" scanner.service
    done | tr '\n' ' ' | awk '{print "ready", $0}'
    systemctl stop scanner.service
done >/run/results/ready
echo 0 >$execs/enable
cat /run/results/ready
keep_trace
