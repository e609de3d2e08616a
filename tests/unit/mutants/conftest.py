import sys
from pathlib import Path

# The mutants' machinery lies beside the tests that use it.
sys.path.append(str(Path(__file__).parents[2] / "mutants"))
