"""Sample passes as a checkpoint camera sees them, and the signed lists that go with them.

`python -m sample_codes.make_samples` makes every file of this folder again. All private keys
here are public: they are derived from the labels in `keys.py`.
"""
