"""The learning rate of every step, as torch's own schedulers give it."""

import torch
from torch import nn
from torch.optim import lr_scheduler

from engine.training import TrainingConfig

_IDLE_BASE = 1.0
"""What is scheduled when a run begins with a learning rate of zero, which can be raised while it runs."""


class Schedule:
    """Torch's schedulers on an optimiser that trains nothing, so that the network and its groups may change meanwhile.

    Step, cosine and one-cycle move at every training step, on plateau after every epoch. A warm-up of n steps comes
    first: step k, from 0, is made with (k + 1) / n of the rate.
    """

    def __init__(self, config: TrainingConfig, steps_per_epoch: int) -> None:
        self._config = config
        self._base = config.learning_rate or _IDLE_BASE
        self._scale = config.learning_rate / self._base
        self._total = config.epochs * steps_per_epoch
        self._done = 0
        self._idle = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=self._base)
        warmup = config.warmup_epochs * steps_per_epoch
        parts, milestones = [], []
        if warmup:
            parts.append(self._warm_up(warmup))
            milestones.append(warmup)
        if config.schedule not in ("none", "plateau"):
            parts.append(self._main(self._total - warmup, steps_per_epoch))
        self._by_step: lr_scheduler.LRScheduler | None = None
        if len(parts) == 2:
            self._by_step = lr_scheduler.SequentialLR(self._idle, parts, milestones)
        elif parts:
            self._by_step = parts[0]
        self._by_epoch = self._plateau() if config.schedule == "plateau" else None
        self._idle.step()  # torch warns when a schedule moves before its optimiser
        self.used = self.rate

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return self._scale * float(self._idle.param_groups[0]["lr"])

    def set_base(self, rate: float) -> None:
        """Multiply another learning rate from the next step on."""
        self._scale = rate / self._base

    def after_step(self) -> float:
        """Move on after a training step; the rate of the next one."""
        self.used = self.rate
        self._done += 1
        if self._by_step is not None and self._done <= self._total:
            self._by_step.step()
        return self.rate

    def after_epoch(self, validation_loss: float) -> float:
        """Move on after an epoch; the rate of the next step."""
        if self._by_epoch is not None:
            self._by_epoch.step(validation_loss)
        return self.rate

    def _warm_up(self, steps: int) -> lr_scheduler.LRScheduler:
        return lr_scheduler.LinearLR(self._idle, start_factor=1 / steps, total_iters=steps - 1)

    def _main(self, steps: int, steps_per_epoch: int) -> lr_scheduler.LRScheduler:
        config = self._config
        if config.schedule == "step":
            every = config.schedule_epochs * steps_per_epoch
            return lr_scheduler.StepLR(self._idle, every, gamma=config.schedule_factor)
        if config.schedule == "cosine":
            return lr_scheduler.CosineAnnealingLR(self._idle, steps)
        return lr_scheduler.OneCycleLR(
            self._idle,
            max_lr=self._base,
            total_steps=steps,
            pct_start=config.schedule_rise,
            cycle_momentum=False,
        )

    def _plateau(self) -> lr_scheduler.ReduceLROnPlateau:
        return lr_scheduler.ReduceLROnPlateau(
            self._idle, factor=self._config.schedule_factor, patience=self._config.schedule_patience
        )


def make_schedule(config: TrainingConfig, steps_per_epoch: int) -> Schedule | None:
    """The schedule of a configuration; None when the learning rate stays what it is."""
    if config.schedule == "none" and not config.warmup_epochs:
        return None
    return Schedule(config, steps_per_epoch)
