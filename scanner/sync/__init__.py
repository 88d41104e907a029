"""How lists arrive."""
