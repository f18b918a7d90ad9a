"""From the units of the data to units in which every parameter is near 1, and where the search begins."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from attunement.statistics.state_space.kernels import Occasions
from attunement.statistics.state_space.likelihood import Data, evaluate
from attunement.statistics.state_space.parameters import LEAST_SD, Layout, Vector
from attunement.statistics.state_space.series import Series

NoiseScale = Float[np.ndarray, " noises"]
"""The scale of the series of each variance that is estimated."""

RATES = (0.03, 0.1, 0.3, 1.0)
"""Decay rates, per median gap, that the search may begin with."""


def scale(series: Series, *, random_drift: bool, n_threads: int, rate: float = 1.0) -> tuple[Data, NoiseScale]:
    """The series in units in which everything is near 1, and the scale of the series of each estimated noise.

    `rate` is the decay rate that becomes 1, per median gap.
    """
    bounds = np.append(series.starts, len(series.times)).astype(np.int64)
    gaps = np.diff(series.times)
    within = np.ones(len(gaps), dtype=bool)
    within[series.starts[1:] - 1] = False
    time_unit = float(np.median(gaps[within])) / rate
    owner = np.repeat(np.arange(series.n_units), np.diff(bounds))
    centre, spread = np.empty(series.n_series), np.empty(series.n_series)
    for column in range(series.n_series):
        seen = ~np.isnan(series.values[:, column])
        values, of = series.values[seen, column], owner[seen]
        n = np.bincount(of, minlength=series.n_units)
        means = np.bincount(of, values, minlength=series.n_units) / np.maximum(n, 1)
        centre[column] = means[n > 0].mean()
        spread[column] = np.sqrt(((values - means[of]) ** 2).sum() / max((n - 1)[n > 1].sum(), 1))
    known = np.full(series.values.shape, np.nan) if series.noise_variance is None else series.noise_variance
    version = np.zeros(series.values.shape, dtype=np.int64) if series.version is None else series.version
    group, of_series = _groups(known, version, ~np.isnan(series.values))
    layout = Layout(
        n_series=series.n_series,
        n_noise=len(of_series),
        random_drift=random_drift,
        time_unit=time_unit,
        centre=centre,
        scale=spread,
    )
    seen = Occasions(
        times=series.times / time_unit,
        values=np.ascontiguousarray((series.values - centre) / spread),
        known=np.ascontiguousarray(np.nan_to_num(known) / spread**2),
        group=group,
        starts=bounds,
    )
    return Data(seen=seen, layout=layout, n_threads=n_threads), spread[of_series]


def _groups(
    known: Float[np.ndarray, "n p"], version: Int[np.ndarray, "n p"], seen: Bool[np.ndarray, "n p"]
) -> tuple[Int[np.ndarray, "n p"], Int[np.ndarray, " noises"]]:
    """A number for each series and version whose variance is to be estimated, and the series of each number."""
    wanted = np.isnan(known) & seen
    key = version * known.shape[1] + np.arange(known.shape[1])
    keys = np.unique(key[wanted])
    keys = keys[np.lexsort((keys // known.shape[1], keys % known.shape[1]))]
    group = np.full(known.shape, -1, dtype=np.int64)
    for number, one in enumerate(keys):
        group[wanted & (key == one)] = number
    return group, keys % known.shape[1]


def start(series: Series, *, random_drift: bool, n_threads: int) -> tuple[Data, NoiseScale, Vector]:
    """Where the search begins: no cross-effects, a fifth of the variance noise, and the likeliest of some rates."""
    heights = []
    for rate in RATES:
        data, _, vector = _begin(series, random_drift=False, n_threads=n_threads, rate=rate)
        heights.append(float(evaluate(data, vector, near=None).log_likelihood.sum()))
    return _begin(series, random_drift=random_drift, n_threads=n_threads, rate=RATES[int(np.argmax(heights))])


def _begin(series: Series, *, random_drift: bool, n_threads: int, rate: float) -> tuple[Data, NoiseScale, Vector]:
    data, noise_scale = scale(series, random_drift=random_drift, n_threads=n_threads, rate=rate)
    layout = data.layout
    diagonal = np.cumsum(np.arange(1, layout.n_series + 1)) - 1
    diffusion, factor = np.zeros(layout.n_lower), np.zeros(layout.n_lower)
    diffusion[diagonal] = 0.5 * np.log(2 * 0.8)
    factor[diagonal] = np.log(np.maximum(_spread_of_means(data), 2 * LEAST_SD))
    theta, sd = np.zeros(layout.n_drift), np.full(layout.n_drift if random_drift else 0, np.log(0.3))
    noise = np.full(layout.n_noise, 0.5 * np.log(0.2))
    vector = np.concatenate([theta, sd, diffusion, noise, np.zeros(layout.n_series), factor])
    return data, noise_scale, vector


def _spread_of_means(data: Data) -> Float[np.ndarray, " series"]:
    owner = np.repeat(np.arange(data.n_units), np.diff(data.seen.starts))
    out = np.empty(data.layout.n_series)
    for column in range(len(out)):
        seen = ~np.isnan(data.seen.values[:, column])
        n = np.bincount(owner[seen], minlength=data.n_units)
        means = np.bincount(owner[seen], data.seen.values[seen, column], minlength=data.n_units) / np.maximum(n, 1)
        out[column] = means[n > 0].std()
    return out
