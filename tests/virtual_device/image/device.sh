# In the new root: what makes it look like a Raspberry Pi with a camera, and the unit that runs jobs.
set -eu
cd /root/make
install -D -m 755 board.sh /usr/lib/virtual-device/board.sh
install -D -m 755 job.sh /usr/lib/virtual-device/job.sh
install -m 644 virtual-board.service virtual-job.service /etc/systemd/system/
systemctl enable virtual-board.service virtual-job.service
# What a boot need not do here: each second of it is emulated.
systemctl mask apt-daily.timer apt-daily-upgrade.timer e2scrub_reap.service e2scrub_all.timer \
    fstrim.timer dpkg-db-backup.timer man-db.timer ldconfig.service systemd-hwdb-update.service \
    systemd-journal-catalog-update.service systemd-update-done.service getty.target \
    systemd-random-seed.service systemd-pstore.service systemd-udev-trigger.service \
    systemd-logind.service systemd-user-sessions.service systemd-update-utmp.service \
    kmod-static-nodes.service systemd-binfmt.service dev-hugepages.mount \
    systemd-sysctl.service systemd-modules-load.service modprobe@.service systemd-journal-flush.service
echo 5f0c3a5bd5cf4a0f9d5c1c0d7b0a6d11 >/etc/machine-id # any fixed one: no boot is the first
echo virtual >/etc/hostname
echo '/dev/vda / ext4 defaults,noatime 0 0' >/etc/fstab
mkdir -p /boot/firmware /var/log/journal

# An initrd of one shell: Debian's own is as long as the rest of the boot.
kernel=$(basename /usr/lib/modules/*)
mkdir -p tree/bin tree/dev tree/root
cp /bin/busybox tree/bin/
modprobe --set-version "$kernel" --show-depends virtio_pci >modules
modprobe --set-version "$kernel" --show-depends virtio_blk >>modules
modprobe --set-version "$kernel" --show-depends ext4 >>modules
{
    echo '#!/bin/busybox sh'
    sed -n 's/^insmod //p' modules | awk '!seen[$1]++ {print $1}' | while read -r module; do
        name=$(basename "$module" .xz)
        case $module in *.xz) xz -dc "$module" ;; *) cat "$module" ;; esac >"tree/$name"
        echo "/bin/busybox insmod /$name"
    done
    echo '/bin/busybox mount -t devtmpfs dev /dev'
    echo 'until [ -b /dev/vda ]; do /bin/busybox usleep 10000; done'
    echo '/bin/busybox mount -t ext4 /dev/vda /root'
    echo 'exec /bin/busybox switch_root /root /sbin/init'
} >tree/init
chmod 755 tree/init
(cd tree && find . | cpio -o -H newc --quiet) | gzip -1 >/boot/initrd.virtual
