"""The only place that chooses concrete parts and joins them.

Each room is imported by its own name, and imports of parts stand in the functions that need them:
the loop must not load what only a command uses, and no command loads the parts of another.
"""
