"""The boot file: one file of settings on the FAT partition of the card, placed by root."""
