"""Reference schedules: a rate as a function of the epoch, composed of a period finder and one cosine."""

from __future__ import annotations

import math

from lrtutorial.plots import plot_schedule


def position_in_period(epoch: float, T_0: int, T_mult: int) -> tuple[float, int]:
    """Return ``(T_cur, T_i)``: epochs since the last restart, and the length of the period they fall in.

    Periods last T_0, T_0·T_mult, T_0·T_mult², … epochs. They are taken off one by one in whole numbers, because a
    logarithm in floating point misses some restarts (T_0 = 1, T_mult = 3 at epoch 121).

    Examples
    --------
    >>> [position_in_period(epoch, 10, 2) for epoch in (9, 10, 29.5, 30)]
    [(9, 10), (0, 20), (19.5, 20), (0, 40)]
    >>> position_in_period(121, 1, 3)
    (0, 243)
    """
    if T_mult == 1:
        return epoch % T_0, T_0
    period = T_0
    while epoch >= period:
        epoch -= period
        period *= T_mult
    return epoch, period


def half_cosine(lr_max: float, lr_min: float, progress: float) -> float:
    """Return ``lr_min + ½(lr_max − lr_min)(1 + cos(π·progress))``: lr_max at progress 0, lr_min at 1.

    Source: Loshchilov & Hutter 2017 (SGDR), equation 5.
    """
    return lr_min + 0.5 * (lr_max - lr_min) * (1 + math.cos(math.pi * progress))


class CosineAnnealingWarmRestarts:
    """SGDR: a half cosine from lr_max down to lr_min in each period, a restart at lr_max at its end.

    Restarts fall at T_0·(T_mult^n − 1)/(T_mult − 1), with T_mult = 1 at n·T_0. Epochs may be fractions.

    Examples
    --------
    >>> schedule = CosineAnnealingWarmRestarts(lr_max=0.1, T_0=10, T_mult=2)
    >>> [round(schedule.get_lr(epoch), 6) for epoch in (0, 5, 10, 20, 30)]
    [0.1, 0.05, 0.1, 0.05, 0.1]
    """

    def __init__(self, lr_max: float, lr_min: float = 0, T_0: int = 10, T_mult: int = 2):
        self.lr_max, self.lr_min, self.T_0, self.T_mult = lr_max, lr_min, T_0, T_mult

    def get_lr(self, epoch: float) -> float:
        """Return the rate at an epoch ≥ 0, whole or not. Keeps no memory of earlier calls."""
        T_cur, T_i = position_in_period(epoch, self.T_0, self.T_mult)
        return half_cosine(self.lr_max, self.lr_min, T_cur / T_i)

    def plot_schedule(self, total_epochs: int = 100) -> list[float]:
        """Draw the rate at epochs 0 … total_epochs − 1 and return those rates."""
        rates = [self.get_lr(epoch) for epoch in range(total_epochs)]
        plot_schedule(rates, title=f"Cosine annealing with warm restarts (T_0={self.T_0}, T_mult={self.T_mult})")
        return rates
