"""Payment: what is left between "order submitted" and "paid".

The document gives the gap to the benchmark (F108), not its causes; redirects, typed card numbers and the rest share it.
"""

from __future__ import annotations

import numpy as np

from sim.model.world import Number

PAYMENT_LEVERS = ("payment.redirects", "payment.typed_card_share")


def redirect_ceiling(benchmark: Number, gap: Number, typed: Number, hops: Number, free: Number) -> Number:
    """The per-redirect log loss at which redirects and typed cards explain the whole gap."""
    return np.log(benchmark * typed / (benchmark - gap)) / (hops - free)


def redirect_share(hops: Number, loss: Number, free: Number) -> Number:
    """Share of payers whom the redirects do not lose; below two hops nothing more is gained."""
    return np.exp(-loss * np.maximum(hops - free, 0.0))


def typed_share(typing: Number, loss: Number) -> Number:
    """Share of payers whom typing a card number does not lose."""
    return 1.0 - typing * loss
