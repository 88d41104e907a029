"""From camera frame to the bytes of QR codes, in a process of its own."""

import os

# One thread: the board has few cores, and numpy's own pool costs memory in every process.
# Must be set before numpy is imported for the first time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
