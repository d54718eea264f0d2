"""One process of the start benchmark: the seconds of `import pycylon` and of its first use, as JSON."""

import json
import sys
import time

start = time.perf_counter()
import pycylon  # noqa: E402

imported = time.perf_counter()
pycylon.DataFrame({"a": [1, 2, 3]}).sort_values("a")
used = time.perf_counter()
json.dump({"import": imported - start, "first_use": used - imported}, sys.stdout)
