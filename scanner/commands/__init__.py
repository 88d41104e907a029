"""The command line, one file a group; imported only when its command runs."""
