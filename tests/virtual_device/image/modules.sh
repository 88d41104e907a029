# In the new root: gpio-sim and lgpio, which Debian does not build.
set -eux
kernel=$(basename /usr/lib/modules/*)
cd /root/make

# Two files of the kernel's own source become one module.
[ -e gpio-sim.c ] || tar -xJf /usr/src/linux-source-6.12.tar.xz --wildcards --strip-components=3 \
    '*/drivers/gpio/gpio-sim.c' '*/kernel/irq/irq_sim.c'
mv gpio-sim.c gpio-sim-core.c
# irq_to_desc() is not exported.
sed -i 's/irq_to_desc(irqnum)/irq_data_to_desc(irq_get_irq_data(irqnum))/' irq_sim.c
# As on a Raspberry Pi: a line that is given back keeps its level, lit or not.
sed -i '/^static void gpio_sim_free/,/^}/ { /__assign_bit(offset, chip->value_map,/,/pull_map));/d }' \
    gpio-sim-core.c
! sed -n '/^static void gpio_sim_free/,/^}/p' gpio-sim-core.c | grep pull_map
printf '%s\n' 'obj-m := gpio-sim.o' 'gpio-sim-y := gpio-sim-core.o irq_sim.o' \
    'ccflags-y += -DCONFIG_IRQ_SIM=1' >Makefile
make -s -C "/lib/modules/$kernel/build" M=/root/make modules
mkdir -p "/lib/modules/$kernel/updates"
cp gpio-sim.ko "/lib/modules/$kernel/updates/"
depmod "$kernel"

# Where Raspberry Pi OS has python3-lgpio.
tar -xzf lgpio-*.tar.gz
cd lgpio-*/
PYPI=1 python3 setup.py -q build
cp build/lib*/_lgpio*.so lgpio.py lgpio_extra.py /usr/lib/python3/dist-packages/
cd /
python3 -c 'import lgpio; print(lgpio.__file__, lgpio.LGPIO_PY_VERSION)'
rm -f /usr/src/linux-source-6.12.tar.xz
