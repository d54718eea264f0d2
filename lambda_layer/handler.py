"""The function of the demo: one rank of the main job."""

import time

_start = time.perf_counter()
from pycylon import CylonEnv  # noqa: E402  (its import is what is measured)
from pycylon.demo.job import delays  # noqa: E402

IMPORT_SECONDS = time.perf_counter() - _start


def handler(event, context):
    """Join the job, run it, and return this rank's share of the answer as JSON."""
    with CylonEnv.from_lambda(event, context) as env:
        result = delays(env, event["input"]["folder"])
        return {**result, "frame": result["frame"].to_dict(), "import_seconds": IMPORT_SECONDS}
