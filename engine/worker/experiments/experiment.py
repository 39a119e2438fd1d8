"""What an experiment is: a statement, the numbers it predicts, and a function that measures them."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Measurements = Mapping[str, float]
"""One number for each expected quantity, by its name, from one seed."""

Over = Literal["each", "mean", "median"]
"""What must lie in the range: the number of each seed, their mean, or their median."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """A number that a statement predicts: over the seeds it lies in [low, high], widened by `tolerance`.

    `tolerance` is absolute, in the number's own unit. `stated` is how the source puts it.
    """

    name: str
    stated: str
    low: float = -math.inf
    high: float = math.inf
    tolerance: float = 0.0
    over: Over = "each"

    def holds(self, values: Sequence[float]) -> bool:
        """Whether measured values, one a seed, agree; NaN never does, and neither does no value at all."""
        judged = self._judged(values)
        return bool(judged) and all(
            self.low - self.tolerance <= value <= self.high + self.tolerance for value in judged
        )

    def _judged(self, values: Sequence[float]) -> list[float]:
        if not values or any(math.isnan(value) for value in values):
            return []
        if self.over == "mean":
            return [statistics.fmean(values)]
        return [statistics.median(values)] if self.over == "median" else list(values)


def near(
    name: str, value: float, *, share: float = 0.0, within: float = 0.0, over: Over = "each"
) -> Expected:
    """A value that is to be met within a share of itself, or within an absolute distance."""
    margins = [f"± {100 * share:.3g} %"] * bool(share) + [f"± {within:.3g}"] * bool(within)
    return Expected(
        name=name,
        stated=" ".join([f"{value:.4g}", *margins]) if margins else f"exactly {value:.4g}",
        low=value,
        high=value,
        tolerance=abs(value) * share + within,
        over=over,
    )


def between(
    name: str, low: float, high: float, *, within: float = 0.0, over: Over = "each"
) -> Expected:
    """A range, widened by `within` on both sides."""
    stated = f"{low:.3g} to {high:.3g}" + (f" ± {within:.3g}" if within else "")
    return Expected(name=name, stated=stated, low=low, high=high, tolerance=within, over=over)


SEEN_MARGIN = 0.03


def seen(name: str, low: float, high: float) -> Expected:
    """An accuracy range over six seeds of another program: the median of ours lies in it, give or take `SEEN_MARGIN`.

    Other seeds may fall outside, so the lowest and the highest are shown and not judged.
    """
    return between(name, low, high, within=SEEN_MARGIN, over="median")


def at_least(name: str, low: float, *, over: Over = "each") -> Expected:
    """A lower bound."""
    stated = "never" if low == math.inf else f"at least {low:.3g}"
    return Expected(name=name, stated=stated, low=low, over=over)


def at_most(name: str, high: float, *, over: Over = "each") -> Expected:
    """An upper bound."""
    return Expected(name=name, stated=f"at most {high:.3g}", high=high, over=over)


@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment:
    """One statement, declared once: list, help, output and tests are derived from it.

    `run` measures every expected number under one seed. `seeds` is how many seeds are used when nobody asks for
    another number; seeds count from 0.
    """

    name: str
    title: str
    statement: str
    source: str
    expected: tuple[Expected, ...]
    run: Callable[[int], Measurements]
    seeds: int = 1
    setup: str = ""
    """What is built and how it is trained, for people."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One expected number, what was measured, and whether they agree."""

    expected: Expected
    values: tuple[float, ...]

    @property
    def holds(self) -> bool:
        """The verdict on this number."""
        return self.expected.holds(self.values)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An experiment that was carried out under `seeds`, in `seconds` of computing."""

    experiment: Experiment
    seeds: tuple[int, ...]
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether the statement holds: every one of its numbers does."""
        return all(finding.holds for finding in self.findings)


def judge(experiment: Experiment, measured: Mapping[int, Measurements], seconds: float) -> Outcome:
    """Compare what was measured, by seed, with what is expected; a number that was not measured is NaN."""
    seeds = tuple(sorted(measured))
    findings = tuple(
        Finding(expected, tuple(measured[seed].get(expected.name, math.nan) for seed in seeds))
        for expected in experiment.expected
    )
    return Outcome(experiment, seeds, findings, seconds)
