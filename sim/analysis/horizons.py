"""Which days a comparison covers: scenarios can only be compared over the same ones."""

from __future__ import annotations

from collections.abc import Sequence

from sim.errors import UserError
from sim.scenario import Scenario


def on_one_horizon(base: Scenario, plans: Sequence[Scenario]) -> tuple[Scenario, list[Scenario]]:
    """Base and plans over the days of the first plan.

    A scenario without dated entries (such as the baseline) means the same on any days and is moved there; a dated one is refused.
    """
    first = plans[0]
    moved = []
    for scenario in (base, *plans):
        if (scenario.start, scenario.days) != (first.start, first.days):
            if scenario.dated:
                raise UserError(
                    f'"{scenario.name}" covers {scenario.days} days from {scenario.start}, "{first.name}" {first.days} from {first.start}; '
                    "put both on one horizon with --start and --days."
                )
            scenario = scenario.with_horizon(start=first.start, days=first.days)
        moved.append(scenario)
    return moved[0], moved[1:]
