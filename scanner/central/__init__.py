"""The other end: what issuers and the relying party run. Stands on the core alone."""
