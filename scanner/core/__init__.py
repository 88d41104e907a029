"""The functional core: bytes and values in, values out; no clock, file, socket, log or thread."""
