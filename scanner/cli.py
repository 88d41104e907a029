"""The command line. Each command's file is imported only when it runs, so that help is quick."""

from __future__ import annotations

import importlib
import importlib.util

import click

import scanner as package

# Command → its file under scanner/commands and its line in --help.
COMMANDS = {
    "demo": "Scan simulated phones with the loop that ships; needs no hardware.",
    "check": "Judge codes from images or text, and say why.",
    "run": "Be a checkpoint: camera, lamps, buzzer, scan records.",
    "doctor": "Check camera, lamps, clock, lists and stores; say what to do.",
    "support-bundle": "Write what an engineer needs of a device, without secrets or people.",
    "bench": "Time the loop on this very device, from camera to lamp.",
    "clock": "Show what is known of the time, and set it by hand in two steps.",
    "migrate": "Make or update the databases; runs before `run`.",
    "sync": "Fetch signed lists from a server, folder or stick, and install them.",
    "upload": "Send sealed scan records to the city's server; run by a timer.",
    "first-boot": "Take the settings of the card's boot file, or say what is wrong with it.",
    "enrol": "Make this device a city's: by its card, a typed code, or two files.",
    "fleet": "Prepare many devices at once: boot files, cards, one stick for fifty.",
    "status": "Show versions and ages of the lists, the clock, what is held, the space.",
    "lists": "Install lists from a folder, and show their versions and ages.",
    "logs": "Export, verify, report and look at scan logs.",
    "central": "The city's side: issue and revoke passes, publish lists, take scan records.",
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and loads one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """A device's package leaves out the demo and what is a city's."""
        return [name for name in COMMANDS if importlib.util.find_spec(_module(name))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS or not importlib.util.find_spec(_module(cmd_name)):
            return None
        module = importlib.import_module(_module(cmd_name))
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


def _module(command: str) -> str:
    return f"scanner.commands.{command.replace('-', '_')}"


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog="Exit codes: 0 done, 64 wrong usage or file, 69 camera or lamps, 74 databases, "
    "70 a fault of the program. `check` and `doctor` have their own; see their --help.",
)
@click.version_option(package.__version__, prog_name="scanner")
def scanner() -> None:
    """Reads the QR code of a movement pass, judges it without any network, and shows a light.

    \b
    GREEN                  let through
    RED                    stop; the reason stands on the screen
    RED and GREEN in turn  compare by eye: plate, face or paper
    RED, slowly blinking   the scanner cannot decide; do what the screen says

    Try it without hardware:  scanner demo
    """
