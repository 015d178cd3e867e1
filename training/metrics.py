"""The project's scores, as the package `python/` computes them."""
from mner_qg.metrics import *  # noqa: F401,F403: every score under its own name
