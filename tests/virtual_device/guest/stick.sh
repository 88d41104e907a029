# A real block device with a FAT file system, told of by udev as a USB stick is: first a box's stick that
# has no answer yet, then one that has, then a stick of somebody else. Each is pulled when the lamps have
# said so. The board tells the serial number of the box's only device.
set -ux
. /run/job/prepare.sh
serial=10000000abcdef01
first_byte=1048576
printf '%s\0' "$serial" >/sys/firmware/devicetree/base/serial-number
modprobe loop max_part=4 max_loop=2
modprobe vfat
mkdir -p /run/udev/rules.d /run/contents
echo 'KERNEL=="loop*p1", ENV{ID_BUS}="usb"' >/run/udev/rules.d/69-virtual-stick.rules
udevadm control --reload

# $1: a name; $2: a folder → /run/$1.img, with one partition of FAT.
make_stick() {
    truncate -s 48M "/run/$1.img"
    # The one entry of its table, without fdisk: kind 0x0c, from sector 2048 on, 47 MiB; its mark.
    printf '\0\376\377\377\014\376\377\377\0\010\0\0\0\170\001\0' |
        dd of="/run/$1.img" bs=1 seek=446 conv=notrunc status=none
    printf '\125\252' | dd of="/run/$1.img" bs=1 seek=510 conv=notrunc status=none
    part=$(losetup -f --show -o "$first_byte" "/run/$1.img")
    mkfs.vfat -F 16 "$part" >/dev/null
    mount -t vfat "$part" /run/contents
    cp -r "$2/." /run/contents/
    umount /run/contents
    losetup -d "$part"
}

# $1: a unit. Whether it neither works nor is about to.
rests() {
    state=$(systemctl show -P ActiveState "$1")
    [ "$state" = inactive ] || [ "$state" = failed ]
}

# $1: the unit of a stick. Whether it has come so far as to be started, or passed over.
is_asked() {
    asked=$(systemctl show -P ConditionTimestampMonotonic "$1")
    [ -n "$asked" ] && [ "$asked" != 0 ]
}

# Until the command succeeds; 1 and a word in the log where it does not.
wait_for() {
    for _ in $(seq 40); do
        "$@" && return
        sleep 1
    done
    echo "in vain: $*"
    systemctl list-units --all --no-legend --plain 'scanner-*' run-scannerstick.mount 'dev-*stick*'
}

# $1: a name. Plugged in, left for as long as it is worked on and told of, and pulled out. Nobody counts
# seconds: while the emulated disk is waited for, the guest's clock leaps over any of them.
visit() {
    whole=$(losetup -P -f --show "/run/$1.img")
    part=${whole#/dev/}p1
    udevadm settle
    wait_for is_asked "scanner-stick@$part.service"
    wait_for rests "scanner-stick@$part.service"
    sleep 2
    for unit in scanner-lamps@1.service scanner-lamps@7.service; do
        wait_for rests "$unit"
    done
    {
        for property in Id LoadState ActiveState Result ConditionResult; do
            systemctl show -P "$property" "scanner-stick@$part.service" | tr '\n' ' '
        done
        grep -c scannerstick /proc/mounts
    } >"/run/results/visit-$1"
    losetup -d "$whole"
    udevadm settle
    part=$(losetup -f --show -r -o "$first_byte" "/run/$1.img")
    mount -t vfat -o ro "$part" /run/contents
    mkdir -p "/run/results/stick-$1"
    cp -r /run/contents/. "/run/results/stick-$1/"
    umount /run/contents
    losetup -d "$part"
}

owners() { stat -c '%U:%G:%a %n' /etc/scanner/checkpoint.toml /var/lib/scanner/*.key; }

mkdir /run/foreign
echo holidays >/run/foreign/pictures.txt # as visits.py names it
make_stick box /run/job/box
make_stick signed /run/job/signed
make_stick foreign /run/foreign
visit box
owners >/run/results/owners
# The city has signed for this board with the keys that the host made for it.
systemctl stop scanner.service scanner-reader.service
# Enrolled it would begin, and end again and again: this job has no camera for it.
systemctl mask --runtime --quiet scanner.service
rm -rf /var/lib/scanner/*
cp /run/job/state/* /var/lib/scanner/
chown -R scanner:scanner /var/lib/scanner
visit signed
ls /var/lib/scanner >/run/results/state
visit foreign
journalctl --no-pager -o short-monotonic -u 'scanner*' -u 'run-scannerstick*' >/run/results/units-journal
keep_trace
