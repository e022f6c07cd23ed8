#!/usr/bin/env python3
"""cli_test.py SLUICE MODELS: the program as a person or a script meets it. Standard library only."""

import sys
import unittest

import program
from bench_test import *  # noqa: F401,F403
from constrained_test import *  # noqa: F401,F403
from doctor_test import *  # noqa: F401,F403: unittest.main collects them from here
from files_test import *  # noqa: F401,F403
from pack_test import *  # noqa: F401,F403
from plan_test import *  # noqa: F401,F403
from run_test import *  # noqa: F401,F403
from usage_test import *  # noqa: F401,F403

if __name__ == "__main__":
    program.SLUICE, program.MODELS = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
