# In the new root: what makes it look like a Raspberry Pi with a camera, and the unit that runs jobs.
set -eu
cd /root/make
install -D -m 755 board.sh /usr/lib/virtual-device/board.sh
install -D -m 755 job.sh /usr/lib/virtual-device/job.sh
install -m 644 virtual-board.service virtual-job.service /etc/systemd/system/
systemctl enable virtual-board.service virtual-job.service
systemctl mask systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer \
    e2scrub_reap.service e2scrub_all.timer fstrim.timer dpkg-db-backup.timer man-db.timer
echo virtual >/etc/hostname
echo '/dev/vda / ext4 defaults,noatime 0 1' >/etc/fstab
mkdir -p /boot/firmware
# As Raspberry Pi OS does it.
groupadd --system --force gpio
echo 'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"' \
    >/etc/udev/rules.d/60-board-gpio.rules
