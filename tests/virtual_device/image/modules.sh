# In the new root: gpio-sim and lgpio, which Debian does not build.
set -eux
kernel=$(basename /usr/lib/modules/*)
cd /root/make

# Both files of the kernel's own source become one module.
tar -xJf /usr/src/linux-source-6.12.tar.xz --wildcards --strip-components=3 \
    '*/drivers/gpio/gpio-sim.c' '*/kernel/irq/irq_sim.c' ||
    tar -xJf /usr/src/linux-source-6.12.tar.xz --wildcards '*/drivers/gpio/gpio-sim.c' '*/kernel/irq/irq_sim.c'
find . -name gpio-sim.c -exec mv {} gpio-sim-core.c \;
[ -e irq_sim.c ] || find . -name irq_sim.c -exec mv {} irq_sim.c \;
# irq_to_desc() is not exported.
sed -i 's/irq_to_desc(irqnum)/irq_data_to_desc(irq_get_irq_data(irqnum))/' irq_sim.c
# As on a Raspberry Pi: a line that is given back keeps its level, lit or not.
keeps='__assign_bit(offset, chip->value_map, !!test_bit(offset, chip->pull_map));'
sed -i "/^static void gpio_sim_free/,/^}/ { /__assign_bit(offset, chip->value_map/d }" gpio-sim-core.c
sed -n '/^static void gpio_sim_free/,/^}/p' gpio-sim-core.c
! sed -n '/^static void gpio_sim_free/,/^}/p' gpio-sim-core.c | grep -F "$keeps"
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
cp build/lib*/*lgpio* lgpio.py lgpio_extra.py /usr/lib/python3/dist-packages/ || true
cd / && python3 -c 'import _lgpio, lgpio; print(lgpio.__file__)'
rm -f /usr/src/linux-source-6.12.tar.xz
