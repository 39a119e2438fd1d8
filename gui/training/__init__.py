"""The training session of the window: worker client, state machine, control."""

from .client import WorkerClient
from .control import RunControl
from .session import Session, State

__all__ = ["RunControl", "Session", "State", "WorkerClient"]
