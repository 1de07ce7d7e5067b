"""The JSON Schema of a scenario file, generated from the registry: editors complete and check with it as one types."""

from __future__ import annotations

from typing import Any

from sim.parameters import Parameter, registry
from sim.scenario import checks
from sim.scenario.values import KPI_UNITS, SCHEMA

_TEXT = {"type": "string", "minLength": 1}
_DATE = {"type": "string", "format": "date"}  # TOML has dates of its own; editors show them to a schema as text


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a scenario file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scenario",
        "description": "What a plan changes against the registry: levers, assumptions about the world, events, goals.",
        "type": "object",
        "additionalProperties": False,
        "required": ["schema", "title"],
        "properties": {
            "schema": {"const": SCHEMA, "description": "Version of this file format."},
            "title": {**_TEXT, "description": "The scenario in a few words."},
            "question": {"type": "string", "description": "The question that the scenario answers."},
            "author": {"type": "string", "description": "Who wrote it."},
            "notes": {"type": "string", "description": "Anything worth keeping; rows allowed."},
            "extends": {
                "type": "string",
                "pattern": r"^[^/\\:.][^/\\:]*$",
                "description": "Name of the scenario that this one changes: beside the file, then in the scenario folder.",
            },
            "horizon": {
                "type": "object",
                "additionalProperties": False,
                "description": "The days that are projected.",
                "properties": {
                    "start": {**_DATE, "description": "First day."},
                    "days": {
                        "type": "integer",
                        "minimum": checks.FEWEST_DAYS,
                        "maximum": checks.MOST_DAYS,
                        "description": "Number of days.",
                    },
                },
            },
            "levers": _section("lever", _lever, "What we choose."),
            "assumptions": _section("assumption", _assumption, "What the world is taken to be; never mixed with levers."),
            "baseline": _section("baseline", _observed, "Another shop's totals, constants and lever values in place of the registry's."),
            "profile": _profile(),
            "posterior": _posterior(),
            "events": {
                "type": "array",
                "items": {"$ref": "#/$defs/event"},
                "description": "Days on which traffic, value or prices differ.",
            },
            "goals": {
                "type": "object",
                "additionalProperties": False,
                "description": "Limits that the plan must keep; without probability on the mean.",
                "properties": {name: {"$ref": "#/$defs/goal", "description": f"In {unit}."} for name, unit in KPI_UNITS.items()},
            },
        },
        "$defs": _definitions(),
    }


def _profile() -> dict[str, Any]:
    def factors(count: int, first: str) -> dict[str, Any]:
        item = {"type": "number", "minimum": checks.LEAST_FACTOR, "maximum": count}
        says = f"{count} factors on viewers, {first} first, of mean 1."
        return {"type": "array", "items": item, "minItems": count, "maxItems": count, "description": says}

    trend = ["trend", "trend_half_life_days", "origin"]
    return {
        "type": "object",
        "additionalProperties": False,
        "description": "The shop's own calendar: what weekday, season and trend make of its viewers.",
        "properties": {
            "weekday": factors(7, "Monday"),
            "season": factors(12, "January"),
            "trend": {
                "type": "number", "minimum": -checks.STEEPEST, "maximum": checks.STEEPEST,
                "description": "Log growth of viewers a day at the origin.",
            },
            "trend_half_life_days": {
                "type": "number", "exclusiveMinimum": 0, "maximum": checks.LONGEST_HALF_LIFE,
                "description": "Days in which the growth rate halves.",
            },
            "origin": {**_DATE, "description": "Day from which the trend counts; the horizon starts here where no file says when."},
            "source": _TEXT,
        },
        "required": ["source"],
        "anyOf": [{"required": [key]} for key in ("weekday", "season", "trend")],
        "dependentRequired": {key: [other for other in trend if other != key] for key in trend},
    }


def _posterior() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "description": "Joint draws of a calibrated shop: a Parquet beside this file, one row a draw.",
        "properties": {
            "file": {"type": "string", "pattern": r"^[^/\\:.][^/\\:]*\.parquet$", "description": "Plain name of the Parquet."},
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 of the Parquet."},
        },
        "required": ["file", "sha256"],
    }


def _definitions() -> dict[str, Any]:
    factor = {"type": "number", "exclusiveMinimum": 0, "maximum": checks.LARGEST_FACTOR, "default": 1}
    money = {"type": "number", "minimum": 0, "description": "CNY, in place of the registry's figure."}
    chance = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    return {
        "event": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "start", "end"],
            "properties": {
                "name": _TEXT,
                "start": {**_DATE, "description": "First day."},
                "end": {**_DATE, "description": "Last day, inside."},
                "traffic": {**factor, "description": "Factor on viewers."},
                "value": {**factor, "description": "Factor on order value."},
                "cpm": {**factor, "description": "Factor on the price of paid impressions."},
                "transit": {**factor, "description": "Factor on the time a parcel is under way."},
                "pull_forward": {
                    "type": "number",
                    "minimum": 0,
                    "maximum": 1,
                    "description": "Share of the extra traffic that is missing afterwards.",
                },
            },
        },
        "goal": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"at_least": {"type": "number"}, "at_most": {"type": "number"}, "probability": chance},
            "oneOf": [{"required": ["at_least"]}, {"required": ["at_most"]}],
        },
        "cost": {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "properties": {"once": money, "per_month": money, "per_unit": money},
        },
    }


def _section(role: str, entry: Any, description: str) -> dict[str, Any]:
    """Both spellings: a table per stage that holds its keys, and full names."""
    book = registry()
    properties: dict[str, Any] = {}
    for name in checks.names_of(role, book):
        stage, _, key = name.partition(".")
        group = properties.setdefault(stage, {"type": "object", "additionalProperties": False, "properties": {}})
        group["properties"][key] = entry(book[name])
    properties |= {
        name: {"$ref": f"#/properties/{_home(role)}/properties/{name.replace('.', '/properties/')}"} for name in checks.names_of(role, book)
    }
    return {"type": "object", "additionalProperties": False, "description": description, "properties": properties}


def _home(role: str) -> str:
    return {"lever": "levers", "assumption": "assumptions", "baseline": "baseline"}[role]


def _described(parameter: Parameter) -> str:
    unit = checks.unit_of(parameter)
    return f"{parameter.label['en']}{f' ({unit})' if unit else ''}. {parameter.help['en']} Source: {parameter.source} ({parameter.grade})."


def _number(parameter: Parameter, description: str = "") -> dict[str, Any]:
    low, high = parameter.bounds
    kind = "integer" if parameter.whole else "number"
    return {"type": kind, "minimum": low, "maximum": high} | ({"description": description} if description else {})


def _lever(parameter: Parameter) -> dict[str, Any]:
    forms: dict[str, Any] = {
        "to": {**_number(parameter, "Where the lever ends."), "default": parameter.value},
        "add": {"type": "number", "description": "Change against the baseline."},
        "scale": {"type": "number", "description": "Factor on the baseline."},
    }
    if parameter.form == "effort":
        del forms["scale"]
    return {
        "type": "object",
        "additionalProperties": False,
        "description": f"{_described(parameter)} Baseline: {checks.shown(parameter.value)}.",
        "properties": {
            **forms,
            "start": {**_DATE, "description": "First day; day one of the horizon where it is left out."},
            "until": {**_DATE, "description": "Last day, inside; the end of the horizon where it is left out."},
            "ramp_days": {
                "type": "integer",
                "minimum": parameter.min_ramp_days,
                "maximum": checks.MOST_RAMP_DAYS,
                "default": parameter.min_ramp_days,
            },
            "coverage": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 1,
                "default": 1,
                "description": "Share of what the lever applies to.",
            },
            "cost": {"$ref": "#/$defs/cost"},
        },
        "oneOf": [{"required": [form]} for form in forms],
    }


def _assumption(parameter: Parameter) -> dict[str, Any]:
    limits = {field: _number(parameter) for field in ("low", "best", "high")}
    if parameter.distribution == "chance":
        limits = {"best": limits["best"]}
    usual = f"Usual: {checks.shown(parameter.value)}" + (f", {checks.span(parameter.low, parameter.high)}." if len(limits) > 1 else ".")
    return {
        "type": "object",
        "additionalProperties": False,
        "description": f"{_described(parameter)} {usual}",
        "properties": {**limits, "source": _TEXT},
        "required": ["best", "source"],
        "dependentRequired": {"low": ["high"], "high": ["low"]} if len(limits) > 1 else {},
    }


def _observed(parameter: Parameter) -> dict[str, Any]:
    value: dict[str, Any] = _number(parameter)
    if isinstance(parameter.value, tuple):
        value = {"type": "array", "items": value, "minItems": len(parameter.value), "maxItems": len(parameter.value)}
    return {
        "type": "object",
        "additionalProperties": False,
        "description": _described(parameter),
        "properties": {"value": value, "source": _TEXT},
        "required": ["value", "source"],
    }
