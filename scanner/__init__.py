"""Checkpoint scanner: reads the QR code of a movement pass, judges it offline, shows a light."""

__version__ = "0.1.0"
