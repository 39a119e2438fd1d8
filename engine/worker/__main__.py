"""`python -m engine.worker`: the training process, for a window on this machine or, over ssh, on another."""

import sys

from .serve import main

sys.exit(main())
