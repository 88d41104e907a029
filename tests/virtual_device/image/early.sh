# Before the kernel is installed: an initrd with what this machine's disk needs and nothing else.
# $1: the root that is being made.
set -eu
mkdir -p "$1/etc/initramfs-tools/conf.d"
echo MODULES=list >"$1/etc/initramfs-tools/conf.d/virtual"
printf '%s\n' virtio_pci virtio_blk ext4 >"$1/etc/initramfs-tools/modules"
