"""A run without torch's compiler: it is not loaded, and what is trained is the same."""

import subprocess
import sys
from pathlib import Path

CODE = """
import sys
from pathlib import Path
from engine.graph import load
from engine.worker.prepare import prepare
from engine.worker.trainer import Trainer
trainer = Trainer(prepare(load(Path(sys.argv[1])), None))
trainer.measure()
for _ in range(3):
    trainer.step(look=True)
print("torch._dynamo" in sys.modules)
"""


def test_a_run_does_not_load_the_compiler(root: Path, example: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(example)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["False"]
