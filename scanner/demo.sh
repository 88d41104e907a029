#!/bin/sh
# Installs what is missing, then scans simulated phones with the loop that ships.
# Needs no camera, no lamps and no network once installed. Arguments go to `scanner demo`.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/scanner/setup.sh"
cd "$root" # demo-out/ lies in the checkout, wherever this is called from
exec "$root/.venv/bin/scanner" demo "$@"
