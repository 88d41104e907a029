"""What supervisors do with scan logs: export, verify, report, look; on the core alone."""
