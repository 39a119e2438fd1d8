"""When a training ends before its last epoch."""

import math

from engine.language import tr, trn
from engine.training import TrainingConfig


class EarlyStopping:
    """Watches the validation loss; `sentence` says why the training should end, and is empty until then."""

    def __init__(self, config: TrainingConfig, epochs_done: int = 0) -> None:
        self._patience = config.patience if config.early_stopping else math.inf
        self._gain = config.minimum_gain
        self._lowest = math.inf
        self._epoch = epochs_done
        self.sentence = ""

    def take(self, epoch: int, validation_loss: float) -> None:
        """Take in an epoch's loss; NaN counts as no gain."""
        if validation_loss < self._lowest - self._gain:
            self._lowest, self._epoch = validation_loss, epoch
        elif epoch - self._epoch >= self._patience:
            self.sentence = trn(
                "Stopped early after epoch {epoch}: the validation loss {found} for "
                "{patience} epoch. It was lowest in epoch {best}, {lowest:.4g}",
                "Stopped early after epoch {epoch}: the validation loss {found} for "
                "{patience} epochs. It was lowest in epoch {best}, {lowest:.4g}",
                int(self._patience),
            ).format(
                epoch=epoch,
                found=self._found,
                patience=self._patience,
                best=self._epoch,
                lowest=self._lowest,
            )

    @property
    def _found(self) -> str:
        if self._gain:
            return tr("did not fall by more than {gain:g}").format(gain=self._gain)
        return tr("did not fall")
