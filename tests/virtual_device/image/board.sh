#!/bin/sh
# At boot: the header of a Raspberry Pi 4 on simulated lines, a camera to be fed, a clock that was
# set by the network, and the kernel's own record of every level of every line.
set -eu
modprobe gpio-sim
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
header=/sys/kernel/config/gpio-sim/header
mkdir -p "$header/bank"
echo 58 >"$header/bank/num_lines"
echo pinctrl-bcm2711 >"$header/bank/label"
echo 1 >"$header/live"
modprobe v4l2loopback video_nr=42 card_label=virtual exclusive_caps=1 max_buffers=4
# gpiozero asks for the revision of the board; this is a Raspberry Pi 4's.
mount -t tmpfs -o mode=755 board /sys/firmware
mkdir -p /sys/firmware/devicetree/base/system
printf '\000\260\061\021' >/sys/firmware/devicetree/base/system/linux,revision
trace=/sys/kernel/tracing
mountpoint -q "$trace" || mount -t tracefs none "$trace"
echo mono >"$trace/trace_clock"
echo 16384 >"$trace/buffer_size_kb"
echo 1 >"$trace/events/gpio/gpio_value/enable"
echo 1 >"$trace/events/gpio/gpio_direction/enable"
# Not all of a computer's devices: those that a rule gives to a group.
udevadm trigger --subsystem-match=gpio --subsystem-match=video4linux --subsystem-match=block \
    --subsystem-match=mem --subsystem-match=tty
udevadm settle
