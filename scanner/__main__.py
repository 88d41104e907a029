"""`python -m scanner`, and the `scanner` command: run it, and turn errors into exit codes."""

from __future__ import annotations

import os
import sys

import click

from scanner.core.errors import CheckpointError, DeviceError, NotConfiguredError, StoreError

# sysexits(3): what a shell script or a systemd unit can tell apart.
USAGE, INTERNAL, DEVICE, STORE = 64, 70, 69, 74
UNCONFIGURED = 3  # as `scanner doctor` says it


def main() -> None:
    """Exit code of the command, 64 for wrong usage or files, 69 device, 74 store, 70 our fault,
    3 not configured.
    """
    # Before numpy: the loop needs no threads for algebra, and each costs memory.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(run(sys.argv[1:]))


def run(args: list[str]) -> int:
    """One command with these arguments; returns its exit code."""
    from scanner.cli import scanner

    try:
        code = scanner.main(args, prog_name="scanner", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return USAGE
    except click.Abort:
        return 130
    except CheckpointError as error:
        print(f"scanner: {error}", file=sys.stderr)
        return _code(error)
    except BrokenPipeError:
        # The reader of our output has gone, as `| head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # no traceback to the officer
        print(f"scanner: {type(error).__name__}: this is a fault of the program.", file=sys.stderr)
        if os.environ.get("SCANNER_DEBUG"):
            raise
        return INTERNAL


def _code(error: CheckpointError) -> int:
    match error:
        case NotConfiguredError():
            return UNCONFIGURED
        case DeviceError():
            return DEVICE
        case StoreError():
            return STORE
        case _:
            return USAGE


if __name__ == "__main__":
    main()
