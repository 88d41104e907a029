"""From camera frame to bytes: the reader process and its cascade."""
