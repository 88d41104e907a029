# Sourced by jobs: settings, the city's lists, a clock that the network has set.

# Settings and keys, and no scanner that runs yet.
set_up() {
    systemctl stop scanner-retry.timer scanner-fault.service scanner.service \
        scanner-sync.timer scanner-upload.timer scanner-enrol.timer || true
    systemctl reset-failed
    mkdir -p /etc/scanner /var/lib/scanner
    install -m 640 -g scanner /run/job/root.json /run/job/checkpoint.toml /etc/scanner/
    install -m 640 -g scanner /run/job/fleet.key /etc/scanner/fleet.key
    cp -r /run/job/lists /etc/scanner/lists
    chgrp -R scanner /etc/scanner
    chmod -R g+rX,o= /etc/scanner
    chown scanner:scanner /var/lib/scanner
    chmod 700 /var/lib/scanner
}

# $1: MiB. The state on a disk of memory: what is synced is waited for, but for no host.
keep_in_memory() {
    modprobe brd rd_nr=1 rd_size=$(($1 * 1024))
    mke2fs -q -t ext4 -m 0 /dev/ram0
    mkdir -p /var/lib/scanner
    mount /dev/ram0 /var/lib/scanner
    rmdir /var/lib/scanner/lost+found
}

# As an NTP client tells the kernel (linux/timex.h): ADJ_STATUS, ADJ_MAXERROR; status 0 is in order.
discipline() {
    python3 -c '
import ctypes, struct
timex = ctypes.create_string_buffer(struct.pack("@IlllliI", 0x0010 | 0x0004, 0, 0, 1000, 1000, 0, 0), 512)
state = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
print("the kernel says of its clock", state)
'
}

# As root the command goes on as the user of the service.
as_scanner() {
    SCANNER_BOOT_ID=$(tr -d - </proc/sys/kernel/random/boot_id) /usr/bin/scanner "$@"
}

load_lists() {
    as_scanner sync
}

keep_trace() {
    cat /sys/kernel/tracing/trace >/run/results/trace
    cat /sys/kernel/tracing/per_cpu/cpu0/stats >/run/results/trace-stats
}
