"""Every number of the model, once: reads and checks the registry (sim/registry: one TOML per stage, facts, contradictions, studies).

The registry says what a number is (lever, uncertainty, constant, pinned total), its range, where it comes from and what moving
it costs. Widgets, command-line help, validation and the evidence page are generated from it. Standard library only.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files

STAGES = ("traffic", "detail_page", "service", "payment", "fulfilment", "returns", "memory", "money", "closure", "noise")
CHANNELS = (
    "host_live",
    "store_live",
    "short_video",
    "search",
    "recommendation",
    "paid_feed",
    "private_domain",
    "local_life",
    "cross_border",
)
CATEGORIES = ("apparel", "beauty", "electronics_3c", "large_appliances", "jewellery", "food_fresh", "home_building", "other")
GROUPS = {  # of levers, in the order in which a planner meets them
    "traffic": {"en": "Traffic", "zh": "流量"},
    "slow_pages": {"en": "Slow pages", "zh": "详情页卡顿"},
    "payment": {"en": "Payment redirects", "zh": "支付跳转"},
    "service": {"en": "Service delays", "zh": "客服响应滞后"},
    "shipping": {"en": "Shipping", "zh": "发货与配送"},
    "colour_returns": {"en": "Colour & returns", "zh": "色差与退货"},
    "programmes": {"en": "Programmes", "zh": "专项计划"},
}
UNITS = {  # how a unit is written behind a number
    "share": {"en": "share", "zh": "比例"},
    "index": {"en": "index", "zh": "指数"},
    "factor": {"en": "×", "zh": "倍"},
    "exponent": {"en": "exponent", "zh": "指数幂"},
    "chance": {"en": "chance", "zh": "概率"},
    "switch": {"en": "0/1", "zh": "开关"},
    "count": {"en": "", "zh": "次"},
    "folds": {"en": "deep", "zh": "层"},
    "seats": {"en": "seats", "zh": "席"},
    "sites": {"en": "sites", "zh": "个仓"},
    "merchants": {"en": "merchants", "zh": "家"},
    "skus": {"en": "SKUs", "zh": "个商品"},
    "s": {"en": "s", "zh": "秒"},
    "h": {"en": "h", "zh": "小时"},
    "days": {"en": "days", "zh": "天"},
    "hours": {"en": "hours a day", "zh": "小时/天"},
    "h/month": {"en": "h a month", "zh": "小时/月"},
    "CNY": {"en": "CNY", "zh": "元"},
    "CNY/month": {"en": "CNY a month", "zh": "元/月"},
    "CNY/parcel": {"en": "CNY a parcel", "zh": "元/单"},
    "CNY/GB": {"en": "CNY a GB", "zh": "元/GB"},
    "CNY/quarter": {"en": "CNY a quarter", "zh": "元/季度"},
    "1/day": {"en": "a day", "zh": "每天"},
    "1/week": {"en": "a week", "zh": "每周"},
    "log": {"en": "log", "zh": "对数"},
    "log/star": {"en": "log a star", "zh": "对数/星"},
}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What moving a lever from x0 to x1 costs, in CNY. x0 is the registry's value (or the file's [baseline]), never the draw's own.

    scale = |x1 - x0| / full_change where full_change is given, else 1; a lever that does not move costs nothing.
    On the start date: once * units * scale. Each month, for the days between start and until: per_month * units * scale.
    Neither depends on ramp or coverage: what is built and staffed is paid for while it is still being rolled out.
    On top of both, for the same days but with ramp and coverage (x1 - x0 mixed as the lever itself is), by basis:
      "change"   per_unit * units * (x1 - x0) a month; negative, a saving, when the lever goes down
      "parcel"   per_unit * (x1 - x0) * shipped parcels (of `category` only, where one is named)
      "budget"   the lever's value itself, CNY a month
      "spend"    (x1 - x0) * the baseline's ad spend, solved in each draw
      "none"     nothing: another line of the ledger bears it
    In a TOML file per_unit may be the name of another parameter, so that a price is written once; here it is that number.
    """

    once: float = 0.0
    per_month: float = 0.0
    per_unit: float = 0.0
    price: str = ""  # name of the parameter that per_unit was read from; a shop's own value of it holds for the cost too
    per: str
    units: float | str = 1.0  # a number, the name of the registry parameter that holds it, or "desks" (solved)
    basis: str = "none"
    full_change: float | None = None
    category: str = ""
    source: str
    grade: str


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One number (or short list of numbers) of the model. `value` is the best value; for a chance, its probability."""

    name: str
    label: Mapping[str, str]
    help: Mapping[str, str]
    unit: str
    role: str
    value: float | tuple[float, ...]
    bounds: tuple[float, float]
    source: str
    grade: str
    low: float | None = None
    high: float | None = None
    distribution: str | None = None
    dimension: int | None = None
    expect: str | None = None
    reason: str = ""
    cost: Cost | None = None
    form: str = "value"
    whole: bool = False
    min_ramp_days: int = 0
    group: str = ""

    @property
    def stage(self) -> str:
        return self.name.partition(".")[0]

    @property
    def key(self) -> str:
        return self.name.partition(".")[2]

    @property
    def uncertain(self) -> bool:
        """Is it drawn? A lever may be: its baseline is then not known exactly."""
        return self.low is not None or self.high is not None

    @property
    def central(self) -> float | tuple[float, ...]:
        """The value in the central lane: the best value; a chance happens."""
        return 1.0 if self.distribution == "chance" else self.value

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.source.split(","))


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A figure of the planning document and what became of it."""

    id: str
    section: str
    phrase: str  # the document's own words
    english: str  # the same in short, for readers of English
    chinese: str  # the document's words in simplified characters
    quantity: str
    value: float | tuple[float, ...] | str
    unit: str
    scope: str
    role: str
    status: str
    parameter: str
    note: Mapping[str, str]
    contradicts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """Figures of the document that cannot all hold, and the reading taken."""

    id: str
    facts: tuple[str, ...]
    says: Mapping[str, str]
    resolution: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Study:
    """What the world outside the document says (R01 …): a study, a report, a price list, or that there is none.

    `value`, `low`, `high` in `unit` are what was taken from it, None where only its sign is used. `grade` is the kind of source,
    `basis` how the value came from it (see sim.linting); `address` is where it can be read, if it can.
    """

    id: str
    what: Mapping[str, str]
    value: float | None
    low: float | None
    high: float | None
    unit: str
    source: str
    address: str
    grade: str
    basis: str
    note: Mapping[str, str]


class Registry(Mapping[str, Parameter]):
    """All parameters by full name, in the order of the funnel; iterating gives names, the groups below give Parameters."""

    def __init__(
        self,
        parameters: Iterable[Parameter],
        *,
        facts: Iterable[Fact] = (),
        contradictions: Iterable[Contradiction] = (),
        studies: Iterable[Study] = (),
        version: str = "",
    ) -> None:
        self.entries = tuple(parameters)
        self.facts = tuple(facts)
        self.contradictions = tuple(contradictions)
        self.studies = tuple(studies)
        self.version = version
        self._by_name = {parameter.name: parameter for parameter in self.entries}

    def __getitem__(self, name: str) -> Parameter:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def _of(self, role: str) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.entries if parameter.role == role)

    @cached_property
    def levers(self) -> tuple[Parameter, ...]:
        return self._of("lever")

    @cached_property
    def uncertainties(self) -> tuple[Parameter, ...]:
        """Everything drawn, levers with an uncertain baseline included, by dimension."""
        return tuple(sorted((p for p in self.entries if p.uncertain), key=lambda p: p.dimension or 0))

    @cached_property
    def constants(self) -> tuple[Parameter, ...]:
        return self._of("constant")

    @cached_property
    def pinned(self) -> tuple[Parameter, ...]:
        return self._of("pinned")

    @cached_property
    def facts_by_id(self) -> Mapping[str, Fact]:
        return {fact.id: fact for fact in self.facts}

    @cached_property
    def studies_by_id(self) -> Mapping[str, Study]:
        return {study.id: study for study in self.studies}


@lru_cache(maxsize=1)
def registry() -> Registry:
    """The registry that ships with the package, read once."""
    folder = files("sim") / "registry"
    names = [f"{stage}.toml" for stage in STAGES] + ["facts.csv", "contradictions.toml"]
    texts = {name: (folder / name).read_bytes() for name in names}
    digest = hashlib.sha256()
    for name, text in texts.items():  # line ends are the checkout's affair, not the model's
        digest.update(name.encode() + b"\0" + text.replace(b"\r\n", b"\n") + b"\0")
    # The studies are no part of the version: no equation reads them, so a better note on a source changes no result.
    studies = (folder / "studies.csv").read_text(encoding="utf-8-sig")
    tables = {stage: tomllib.loads(texts[f"{stage}.toml"].decode()) for stage in STAGES}
    return Registry(
        parameters_from(tables),
        facts=facts_from(texts["facts.csv"].decode("utf-8-sig")),
        contradictions=contradictions_from(tomllib.loads(texts["contradictions.toml"].decode())),
        studies=studies_from(studies),
        version=digest.hexdigest()[:12],
    )


def parameters_from(tables: Mapping[str, Mapping[str, Mapping]]) -> list[Parameter]:
    """Parameters from {stage: {key: entry}}. A cost may name another parameter as its per_unit: its value is put in."""
    return [
        Parameter(name=f"{stage}.{key}", **{field: _field(field, raw, tables) for field, raw in entry.items()})
        for stage, entries in tables.items()
        for key, entry in entries.items()
    ]


def _field(field: str, raw: object, tables: Mapping[str, Mapping[str, Mapping]]) -> object:
    if field == "cost":
        price = raw.get("per_unit", 0.0)
        named = {"price": price} if isinstance(price, str) else {}
        if named:
            stage, _, key = price.partition(".")
            price = tables[stage][key]["value"]
        figures = {name: float(entry) if isinstance(entry, int) else entry for name, entry in raw.items()}
        return Cost(**figures | {"per_unit": float(price)} | named)
    if field in ("value", "bounds") and isinstance(raw, list):
        return tuple(float(number) for number in raw)
    if field in ("value", "low", "high"):
        return float(raw)
    return raw


def facts_from(text: str) -> list[Fact]:
    """Facts from the CSV: a list is written with slashes (1/20/79), the contradicted ids with spaces."""
    return [
        Fact(
            **{field: row[field] for field in _FACT_TEXTS},
            value=_fact_value(row["value"]),
            note={"en": row["note_en"], "zh": row["note_zh"]},
            contradicts=tuple(row["contradicts"].split()),
        )
        for row in csv.DictReader(io.StringIO(text))
    ]


_FACT_TEXTS = ("id", "section", "phrase", "english", "chinese", "quantity", "unit", "scope", "role", "status", "parameter")


def _fact_value(text: str) -> float | tuple[float, ...] | str:
    try:
        numbers = tuple(float(part) for part in text.split("/"))
    except ValueError:
        return text
    return numbers if len(numbers) > 1 else numbers[0]


def contradictions_from(tables: Mapping[str, Mapping]) -> list[Contradiction]:
    return [
        Contradiction(id=key, facts=tuple(entry["facts"]), says=entry["says"], resolution=entry["resolution"])
        for key, entry in tables.items()
    ]


def studies_from(text: str) -> list[Study]:
    """Studies from the CSV; an empty cell is no number."""
    return [
        Study(
            **{field: row[field] for field in ("id", "unit", "source", "address", "grade", "basis")},
            **{field: float(row[field]) if row[field] else None for field in ("value", "low", "high")},
            **{field: {language: row[f"{field}_{language}"] for language in ("en", "zh")} for field in ("what", "note")},
        )
        for row in csv.DictReader(io.StringIO(text))
    ]


def lint(registry: Registry) -> list[str]:
    """What is wrong with the registry, one sentence each; empty when it is good."""
    from sim.linting import problems  # only editors of the registry pay for the checks

    return problems(registry)
