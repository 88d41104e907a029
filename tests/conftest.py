"""How much the properties try: little by default, much with `--hypothesis-profile=full`."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# No deadline: a slow machine is no bug. `ci` is derandomised, so that a build is red by its own
# change and not by chance; `full` looks for what nobody has thought of.
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, database=None)
settings.register_profile(
    "full",
    max_examples=3000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("ci")
