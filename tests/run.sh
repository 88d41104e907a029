#!/bin/sh
# Installs what is missing, then runs the tests; `sh tests/run.sh --help` lists the suites.
set -eu

usage() {
    cat <<'END'
sh tests/run.sh                 the quick suite: every test but the slow ones and the benchmarks,
                                with the branch coverage of scanner/core
sh tests/run.sh SUITE...        one or more of:
    core                        the core and the public vectors, with branch coverage
    faults                      killed, starved, unplugged and corrupted parts
    privacy                     what is left of people, at full size: canaries, guesses, chains
    fuzz                        random frames and texts, for hours: COUNT=1000 for fewer of them
    bench                       what things cost, as printed tables; nothing passes or fails by speed
    install                     package and install.sh in bare Debian 12 and 13, as root; units and
                                a canary in each one's place, where systemd-nspawn is
    device                      the virtual device: a Debian 13 guest under QEMU, as root; see
                                tests/virtual_device/README.md (the first run takes long)
    arm64                       the program on an emulated 64-bit ARM processor
    lint                        ruff, format, mypy --strict and the import contracts
    all                         lint, every test, slow ones too, with many more tries of each
                                property, and the benchmarks
sh tests/run.sh ARGUMENT...     pytest with these arguments, run in the checkout
                                (example: sh tests/run.sh tests/core -k windows)
The first run installs what is missing; see scanner/setup.sh.
END
}

case ${1-} in -h | --help) usage && exit ;; esac
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
needs_postgres=yes # the central server's tests start one of their own
needs_faketime=yes # clocks of 1970 and of years ahead, for whole programs
needs_strace=yes   # ends of programs at any system call
. "$root/scanner/setup.sh"
cd "$root"
python=$root/.venv/bin/python

# The promises P1 to P4, P7 and P8 of the scan log, slow sizes too.
privacy() {
    "$python" -m pytest tests/journeys/test_privacy.py tests/journeys/test_canaries.py \
        tests/journeys/test_same_bytes.py tests/journeys/test_guess.py \
        tests/journeys/test_upload_traffic.py tests/journeys/test_support_bundle.py \
        tests/store/test_retention.py tests/core/test_chain_mutations.py
}

# Two at a time: the smallest machines that build this have two cores, and a test uses one.
measured="tests/core tests/vectors tests/house tests/logs tests/sample_codes tests/store tests/sync"
quick() {
    failed=0 left_out=--ignore=tests/bench
    for folder in $measured; do left_out="$left_out --ignore=$folder"; done
    said=$(mktemp)
    # shellcheck disable=SC2086  # a list of words
    "$python" -m pytest $measured --cov -m "not slow" >"$said" 2>&1 &
    beside=$!
    trap 'kill "$beside"; rm -f "$said"; exit 130' HUP INT TERM
    # shellcheck disable=SC2086  # a list of words
    "$python" -m pytest $left_out -m "not slow" || failed=1
    wait "$beside" || failed=1
    trap - HUP INT TERM
    cat "$said"
    rm -f "$said"
    return "$failed"
}

lint() {
    failed=0
    "$python" -m ruff check . || failed=1
    "$python" -m ruff format --check . || failed=1
    "$python" -m mypy || failed=1
    "$python" -c 'from importlinter.cli import lint_imports_command as main; main()' --no-logo ||
        failed=1
    return "$failed"
}

# Prints figures and judges none: a slow machine is no defect.
bench() {
    for table in tests/bench/bench_*.py; do
        "$python" "$table" || return
        echo
    done
}

# atheris is used where it has been installed; tests/fuzz/guided_text.py says how.
fuzz() {
    "$python" tests/fuzz/fuzz_text.py --count "${COUNT:-10000000}" || return
    "$python" tests/fuzz/fuzz_frames.py --count "${COUNT:-100000}" || return
    ! "$python" -c 'import atheris' 2>/dev/null ||
        "$python" tests/fuzz/guided_text.py --count "${COUNT:-10000000}"
}

# Where images are kept from one run to the next.
guests=${XDG_CACHE_HOME:-$HOME/.cache}/scanner-virtual-device

# $@: what Debian calls the programs that a guest needs; nothing is asked where all are there.
provide_guests() {
    dpkg -s "$@" >/dev/null 2>&1 || install_packages "$@"
}

device() {
    provide_guests mmdebstrap qemu-system-x86 qemu-utils e2fsprogs zstd
    "$python" -m tests.virtual_device --cache "$guests"
}

arm64() {
    provide_guests mmdebstrap qemu-user-static
    sh tests/virtual_device/arm64.sh "$guests"
}

suite() {
    case $1 in
    quick) quick ;;
    core) "$python" -m pytest tests/core tests/vectors --cov -m "not slow" ;;
    faults) "$python" -m pytest tests/faults ;;
    privacy) privacy ;;
    fuzz) fuzz ;;
    bench) bench ;;
    install) sh tests/systemd/bare.sh ;;
    device) device ;;
    arm64) arm64 ;;
    lint) lint ;;
    all)
        lint
        "$python" -m pytest --cov --ignore=tests/bench --hypothesis-profile=full
        suite bench
        ;;
    *) usage >&2 && exit 64 ;;
    esac
}

[ $# -gt 0 ] || set -- quick
case $1 in
quick | core | faults | privacy | fuzz | bench | install | device | arm64 | lint | all) ;;
*) exec "$python" -m pytest "$@" ;;
esac
for name in "$@"; do
    suite "$name"
done
