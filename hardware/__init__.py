"""Real cameras, lamps, buzzer and clock, and their simulated twins."""

import os

# One thread: the board has few cores, and numpy's own pool costs memory in every process.
# Must be set before numpy is imported for the first time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
