"""A network of images: the filters of its first weights, and which pixels of some samples matter."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF

from engine.language import tr
from engine.stats import Backdrop
from gui.common.theme import Theme

from .mosaic import Mosaic, Pixels, blended, codes_of
from .picture_view import PictureView, Shown, Table, heat, room, signed_tiles, signs


class ImagesView(PictureView):
    """The filters of the first weights, and samples above their saliency maps."""

    square = True

    def __init__(self, plots: Sequence[pg.PlotItem]) -> None:
        super().__init__(plots)
        self.filters = pg.ImageItem(axisOrder="row-major")
        self.samples = pg.ImageItem(axisOrder="row-major")
        self._ticks: object = None

    def enter(self, backdrop: Backdrop, theme: Theme) -> str:
        self.add(self.left, self.filters)
        self.add(self.right, self.samples)
        self.bare(self.left)
        self.bare(self.right)
        self.title(self.right, tr("samples, and |∂ output / ∂ pixel|"))
        self._ticks = None
        return tr("weights: {signs}&nbsp;&nbsp; ✓ recognised, 1→7: a 1 taken for a 7").format(
            signs=signs(theme)
        )

    def draw(self, shown: Shown) -> None:
        images, theme = shown.picture.images, shown.theme
        assert images is not None
        self.filters.setVisible(images.filter_row >= 0)
        if images.filter_row >= 0:
            self._draw_filters(shown)
        else:
            self.title(self.left, tr("no layer looks at the pixels first"))
        count, shape = len(images.saliency), images.saliency.shape[1:]
        layout = Mosaic.of(2 * count, count, shape)
        largest = images.saliency.max(axis=(1, 2), keepdims=True)
        shares = images.saliency / np.where(largest > 0, largest, 1.0)
        pixels = np.concatenate((_gray(shown.backdrop, theme), heat(shares, theme)))
        tiles = list(layout.zoomed(pixels))
        self.show_tiles(self.right, self.samples, tiles, layout, theme)
        self._label_samples(shown, layout)

    def read(self, shown: Shown, place: QPointF, plot: int) -> tuple[str, int | None]:
        images, found = shown.picture.images, self.tile_at((self.left, self.right)[plot], place)
        assert images is not None
        if found is None:
            return "", None
        index, row, column = found
        where = tr("row {row}, column {column}").format(row=row + 1, column=column + 1)
        if plot == 0:
            weight = float(images.filters[index, row, column])
            return tr("filter {number}, {where}: weight {weight:.3g}").format(
                number=index + 1, where=where, weight=weight
            ), images.filter_row
        sample = index % len(images.saliency)
        names = shown.backdrop.class_names
        true, said = int(shown.backdrop.targets[sample]), int(images.winners[sample])
        text = tr("a {name}, taken for a {taken} ({score:.1%})").format(
            name=names[true], taken=names[said], score=float(images.scores[sample])
        )
        if shown.backdrop.score == "output":
            text = tr("a {name}, taken for a {taken}").format(name=names[true], taken=names[said])
        if index < len(images.saliency):
            pixel = shown.backdrop.real(shown.backdrop.inputs)[sample, 0, row, column]
            return f"{text}; {where}: {pixel:.3g}", None
        return f"{text}; {where}: {float(images.saliency[sample, row, column]):.3g}", None

    def table(self, shown: Shown) -> Table:
        images, names = shown.picture.images, shown.backdrop.class_names
        assert images is not None
        filters = [
            ["filter", i + 1, r + 1, c + 1, f"{value:.4g}"]
            for (i, r, c), value in np.ndenumerate(images.filters)
        ]
        saliency = [
            [
                f"saliency of a {names[int(shown.backdrop.targets[i])]}",
                i + 1,
                r + 1,
                c + 1,
                f"{value:.6g}",
            ]
            for (i, r, c), value in np.ndenumerate(images.saliency)
        ]
        return ["what", "number", "row", "column", "value"], [*filters, *saliency]

    def _draw_filters(self, shown: Shown) -> None:
        images = shown.picture.images
        assert images is not None
        values = images.filters.astype(np.float32)
        layout = Mosaic.fitting(len(values), values.shape[1:], room(self.left))
        scales = np.abs(values).max(axis=(1, 2))
        tiles = signed_tiles(codes_of(values), scales, layout, shown.theme)
        self.show_tiles(self.left, self.filters, tiles, layout, shown.theme)
        label, count = shown.history.layers[images.filter_row].label, images.filter_count
        title = (
            tr("{shown} of {count} filters of {label}").format(
                shown=len(values), count=count, label=label
            )
            if len(values) < count
            else tr("{count} filters of {label}").format(count=count, label=label)
        )
        self.title(self.left, title)

    def _label_samples(self, shown: Shown, layout: Mosaic) -> None:
        """Below each sample what it is taken for, with a sign for right and wrong."""
        images, names = shown.picture.images, shown.backdrop.class_names
        assert images is not None
        ticks = []
        for place, (true, said) in enumerate(
            zip(shown.backdrop.targets.astype(int), images.winners.tolist(), strict=True)
        ):
            middle = layout.corner(place)[1] + layout.tile[1] / 2
            word = f"{names[true]} ✓" if true == said else f"{names[true]}→{names[said]}"
            ticks.append((middle, word))
        if ticks != self._ticks:
            self._ticks = ticks
            self.right.getAxis("bottom").setTicks([ticks])


def _gray(backdrop: Backdrop, theme: Theme) -> Pixels:
    """The images' first channel, in the data's own units, from the ground's colour to the text's."""
    pixels = backdrop.real(backdrop.inputs)[:, 0]
    low, high = pixels.min(), pixels.max()
    return blended(theme.surface, theme.text, (pixels - low) / ((high - low) or 1.0))
