"""From scenarios to a file: what a report needs is computed, rendered by the file's ending, and put in place in one step."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.analysis.horizons import on_one_horizon
from sim.errors import UNREADABLE, UserError
from sim.report.material import MOST_PLANS, ReportMaterial, report_material
from sim.scenario import Scenario, load
from sim.scenario.placing import replacing

if TYPE_CHECKING:
    from sim.analysis.attribution import Attribution
    from sim.analysis.sensitivity import Sensitivity
    from sim.outcome import Outcome

ENDINGS = (".html", ".xlsx")
BASELINE = "baseline"
DRIVER_DRAWS = 256  # enough to say which grade most of the spread rests on, with an honest interval
Progress = Callable[[int, int], None]


def write_report(
    plans: Scenario | Sequence[Scenario], out: str | Path | Sequence[str | Path], *, base: Scenario | None = None, language: str = "en",
    draws: int = 1000, seed: int = 1, noise: bool = True, attribution: str | None = "auto", drivers: bool = True, author: str = "",
    date: datetime.date | None = None, overwrite: bool = False, workers: int | None = 1, scheduler: str | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Run one to six plans against a base and write the report; `out` ends in .html or .xlsx, and may be several files.

    `base`: the baseline of the same shop if none is given, on the plans' days. `attribution`: the effort that sharing the difference
    out may take ("auto", "full", or None to leave it out); `drivers`: say what the result rests on. `date`: that of the stamp, today
    if none is given. `workers` None: several processes for what is long. Returns the paths. Raises UserError, and writes nothing,
    where a file cannot be written or the plans do not go together.
    """
    paths = report_paths([out] if isinstance(out, str | Path) else out, overwrite=overwrite)
    material = computed(
        [plans] if isinstance(plans, Scenario) else plans, base=base, language=language, draws=draws, seed=seed, noise=noise,
        attribution=attribution, drivers=drivers, author=author, date=date, workers=workers, scheduler=scheduler, progress=progress,
    )
    for path in paths:
        placed(path, rendered(material, path.suffix.lower()))
    return paths


def report_paths(out: Sequence[str | Path], *, overwrite: bool) -> list[Path]:
    """Where the report goes; what cannot be written is said before the work and not after it."""
    paths: list[Path] = []
    for name in out:
        path = Path(name)
        if path.suffix.lower() not in ENDINGS:
            raise UserError(f"--out: {str(name)[-80:]!r} ends in neither .html nor .xlsx, so it is not clear what to write.")
        folder = path.resolve().parent
        if not folder.is_dir():
            raise UserError(f"--out: there is no folder {path.parent}.", exit_code=UNREADABLE)
        if path.is_dir():
            raise UserError(f"--out: {path} is a folder; name a file.")
        if path.exists() and not overwrite:
            raise UserError(f"--out: {path} exists already; choose another name, or say --overwrite.")
        if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
            raise UserError(f"--out: {path} cannot be written: permission denied.", exit_code=UNREADABLE)
        if path.resolve() in [other.resolve() for other in paths]:
            raise UserError(f"--out: {path} is named twice.")
        paths.append(path)
    if not paths:
        raise UserError("--out: name a file that ends in .html or .xlsx.")
    return paths


def rendered(material: ReportMaterial, ending: str) -> bytes:
    """The report as the bytes of a file with this ending."""
    if ending == ".xlsx":
        from sim.report.workbook import xlsx_bytes

        return xlsx_bytes(material)
    from sim.report.page import html_bytes

    return html_bytes(material)


def all_kinds(plans: Sequence[Scenario], *, progress: Progress | None = None, **asked: Any) -> dict[str, bytes]:
    """The report in every kind of file there is, by its ending. Arguments as for `computed`."""
    material = computed(plans, progress=progress, **asked)
    return {ending: rendered(material, ending) for ending in ENDINGS}


def placed(path: Path, data: bytes) -> None:
    """All of it or nothing."""
    try:
        with replacing(path) as stream:
            stream.write(data)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}.", exit_code=UNREADABLE) from error


def computed(
    plans: Sequence[Scenario], *, base: Scenario | None = None, language: str = "en", draws: int = 1000, seed: int = 1, noise: bool = True,
    attribution: str | None = "auto", drivers: bool = True, author: str = "", date: datetime.date | None = None,
    workers: int | None = 1, scheduler: str | None = None, progress: Progress | None = None,
) -> ReportMaterial:
    """The material of a report, computed from scenarios (see `write_report`)."""
    first, rest = placed_together(plans, base)
    from sim.engine import run

    chance: dict[str, Any] = {"draws": draws, "seed": seed, "noise": noise, "workers": workers or 1, "scheduler": scheduler}
    before = run(first, **chance)
    outcomes = [before if plan.digest == first.digest else run(plan, **chance) for plan in rest]
    outcomes = [replace(outcome, scenario=plan) for outcome, plan in zip(outcomes, rest, strict=True)]
    where = {"workers": workers, "scheduler": scheduler}
    shares = [None if attribution is None else _shares(before, plan, attribution, progress, where) for plan in outcomes]
    found = [_drivers(before, plan, progress, where) if drivers else None for plan in outcomes]
    return report_material(
        before, outcomes, language=language, date=date or datetime.date.today(), author=author, attributions=shares, drivers=found
    )


def ensure_count(plans: int) -> None:
    if not 1 <= plans <= MOST_PLANS:
        raise UserError(f"A report is on one to {MOST_PLANS} scenarios, not on {plans}.")


def placed_together(plans: Sequence[Scenario], base: Scenario | None) -> tuple[Scenario, list[Scenario]]:
    """The base and the plans on one horizon; the base among several plans is not set against itself."""
    ensure_count(len(plans))
    names = [plan.name for plan in plans]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UserError(f'"{twice[0]}" is named twice; a report takes every scenario once.')
    before, placed_plans = on_one_horizon(usual_base(plans) if base is None else base, plans)
    others = [plan for plan in placed_plans if plan.digest != before.digest]
    return before, others or placed_plans[:1]


def usual_base(plans: Sequence[Scenario], folder: str | None = None) -> Scenario:
    """The baseline, undated and without goals, with the figures of the plans' own shop where they share one.

    `folder`: where scenario files are, if not in the usual place.
    """
    one_shop = all(plan.shop == plans[0].shop for plan in plans)
    if len(plans) == 1 and plans[0].name == BASELINE and not plans[0].moved:
        return plans[0]
    try:
        base = load(BASELINE, folder)
    except UserError:
        base = Scenario(name=BASELINE, title="Baseline")
    if base.dated:  # somebody's own baseline with dates in it: only the registry is the same on any days
        base = Scenario(name=BASELINE, title=base.title, baseline=base.baseline)
    base = replace(base, goals={})
    if not one_shop:
        return base
    shop = replace(plans[0], baseline=dict(sorted({**base.baseline, **plans[0].baseline}.items())))
    return base.of_shop(replace(shop, profile=shop.profile or base.profile, posterior=shop.posterior or base.posterior))


def _shares(base: Outcome, plan: Outcome, effort: str, progress: Progress | None, where: dict[str, Any]) -> Attribution | None:
    if plan.scenario.digest == base.scenario.digest:
        return None
    from sim.analysis.attribution import attribution_of

    return attribution_of(base, plan, effort=effort, progress=progress, **where)


def _drivers(base: Outcome, plan: Outcome, progress: Progress | None, where: dict[str, Any]) -> Sensitivity:
    from sim.analysis.sensitivity import sensitivity

    against = None if plan.scenario.digest == base.scenario.digest else base.scenario
    found = sensitivity(
        plan.scenario, against, draws=min(DRIVER_DRAWS, max(1, plan.draws)), seed=plan.seed, noise=plan.noise, progress=progress, **where
    )
    if not found.complete:  # somebody pressed Ctrl-C
        raise KeyboardInterrupt
    return found
