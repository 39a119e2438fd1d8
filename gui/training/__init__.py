"""The training session of the window: worker client, state machine, control."""

from .client import WorkerClient
from .control import RunControl
from .playhead import Playhead
from .session import Session, State

__all__ = ["Playhead", "RunControl", "Session", "State", "WorkerClient"]
