"""The SQLite files of the device."""
