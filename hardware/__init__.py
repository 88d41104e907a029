"""Real cameras, lamps, buzzer and clock, and their simulated twins."""
