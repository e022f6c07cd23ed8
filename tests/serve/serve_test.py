#!/usr/bin/env python3
"""serve_test.py SLUICE MODELS: the server as clients meet it. Standard library only."""

import sys
import unittest

import server
from network_test import *  # noqa: F401,F403: unittest.main collects them from here
from page_routes_test import *  # noqa: F401,F403
from parallel_test import *  # noqa: F401,F403
from routes_test import *  # noqa: F401,F403
from snapshots_test import *  # noqa: F401,F403

if __name__ == "__main__":
    server.SLUICE, server.MODELS = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
