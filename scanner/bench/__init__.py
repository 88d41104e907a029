"""How quick this very device is, from frame to lamp: `scanner bench`."""
