# From the start of the loop's program to READY=1, against the bare import of numpy and OpenCV.
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
for turn in 1 2 3 4 5; do
    python3 - <<'END'
import os, subprocess, time
python = "/opt/scanner/current/bin/python"
program = "import numpy, cv2, time; print(time.monotonic())"
began_s = time.monotonic()
ended_s = float(subprocess.check_output(
    [python, "-I", "-c", program], env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}))
print("import", ended_s - began_s)
END
    systemctl start scanner.service
    for property in ExecMainStartTimestampMonotonic ActiveEnterTimestampMonotonic; do
        systemctl show -P "$property" scanner.service
    done | tr '\n' ' ' | awk '{print "ready", ($2 - $1) / 1e6}'
    systemctl stop scanner.service
done >/run/results/ready
cat /run/results/ready
