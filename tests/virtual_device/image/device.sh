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
    systemd-random-seed.service systemd-pstore.service modprobe@drm.service
echo 'blacklist psmouse
blacklist pcspkr' >/etc/modprobe.d/virtual.conf
echo 5f0c3a5bd5cf4a0f9d5c1c0d7b0a6d11 >/etc/machine-id # any fixed one: no boot is the first
echo virtual >/etc/hostname
echo '/dev/vda / ext4 defaults,noatime 0 0' >/etc/fstab
mkdir -p /boot/firmware /var/log/journal
