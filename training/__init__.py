"""PyTorch reference of MNER-QG as this project builds it: network, training, export. The oracle of the TypeScript network."""
import importlib.util
import sys
from pathlib import Path

# Text, corpora and scores come from the package in `python/`, installed or, in a checkout, as it lies there.
if importlib.util.find_spec("mner_qg") is None:
    sys.path.append(str(Path(__file__).resolve().parents[1] / "python"))
