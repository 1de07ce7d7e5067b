"""A report as one HTML file: charts and the JavaScript that draws them inside, nothing fetched, and a policy that forbids it.

Only two scripts may run, told by their hashes: the chart library and page.js. Whatever somebody wrote into a title or a note is
text, whatever it looks like.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from sim.errors import UserError
from sim.report.drawings import Picture, all_of, alternative, specs
from sim.report.material import PlanPart, ReportMaterial
from sim.report.table import Cell, Column, Table, clean
from sim.report.words import Tile, horizon_of, shown, shown_with_interval, tight, title_of
from sim.texts import Words

LANGUAGE_TAGS = {"en": "en", "zh": "zh-CN"}
LONG_TEXT = 28  # letters, from which a column of words gets room
MANY_COLUMNS = 9  # from which a table is set smaller on paper
LONG_TABLE = 16  # rows, from which a table is folded away on the screen
NEVER_FOLDED = ("levers", "goals")
FOLDED = (
    "attribution", "leaks", "weeks", "assumptions", "contradictions", "ratios", "channels", "categories", "money", "drivers",
    "return_categories",
)


def html_bytes(material: ReportMaterial) -> bytes:
    """The report as a file of its own, UTF-8. The same material gives the same bytes."""
    together, each = all_of(material)
    pictures = [*together, *(picture for found in each for picture in found.values())]
    library, script = _library(), _text("page.js")
    data = json.dumps(specs(pictures), ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    body = "\n".join(_body(material, together, each))
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{LANGUAGE_TAGS[material.language]}">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(library, script)}">',
            '<meta name="referrer" content="no-referrer">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_safe(material.title)} · {_safe(material.say['report.kind'])}</title>",
            f"<style>\n{_text('page.css')}</style>",
            "</head>",
            "<body>",
            body,
            f'<script type="application/json" id="charts">{data}</script>',
            f"<script>{library}</script>",
            f"<script>{script}</script>",
            "</body>",
            "</html>",
            "",
        ]
    ).encode("utf-8")


def _policy(*scripts: str) -> str:
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; connect-src 'none'; "
        "font-src 'none'; base-uri 'none'; form-action 'none'"
    )


@cache
def _library() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script."""
    try:
        from vl_convert import javascript_bundle
    except ImportError:
        raise UserError("An HTML report needs the package vl-convert-python; install it, or ask for an .xlsx report.") from None
    return javascript_bundle().replace("</script", "<\\/script").replace("<!--", "<\\!--")


@cache
def _text(name: str) -> str:
    return files("sim.report").joinpath(name).read_text(encoding="utf-8")


def _safe(text: Any) -> str:
    return escape(clean(text), quote=True)


# From top to bottom


def _body(material: ReportMaterial, together: list[Picture], each: list[dict[str, Picture]]) -> list[str]:
    say, several = material.say, len(material.plans) > 1
    lines = [*_head(material), f"<noscript><p>{_safe(say['report.no_script'])}</p></noscript>"]
    if several:
        lines += [f'<h2 id="together">{_safe(say["report.together"])}</h2>']
        says = "".join(f"<li>{_safe(tight(part.sentences[0]))}</li>" for part in material.plans)
        lines += [f'<ul class="lead even">{says}</ul>', *(_table(table, say) for table in material.before if table.pages)]
        lines += map(_figure(say), together)
    for number, (part, pictures) in enumerate(zip(material.plans, each, strict=True), 1):
        lines += _plan(part, pictures, number, say, several=several)
    lines += [f'<h2 id="evidence">{_safe(say["report.evidence"])}</h2>', f'<p class="note">{_safe(say["report.note_evidence"])}</p>']
    lines += [_table(table, say) for table in material.shared if table.pages]
    lines += [f'<h2 id="stamp">{_safe(say["report.stamp"])}</h2>', f'<p class="note">{_safe(say["report.note_stamp"])}</p>']
    lines.append(_stamp(material))
    return lines


def _head(material: ReportMaterial) -> list[str]:
    say, first = material.say, material.plans[0]
    scenario, draws = material.base.scenario, f"{material.base.draws:,}"
    drawn = say["say.drawn"].format(draws=draws, seed=material.base.seed)
    against = "" if material.alone else f"{say['report.against'].format(base=title_of(scenario, say))} · "
    lines = [
        "<header>",
        f'<div class="kicker"><span>{_safe(say["report.kind"])}</span><span>{_safe(material.date.isoformat())}</span></div>',
        f"<h1>{_safe(material.title)}</h1>",
    ]
    if len(material.plans) == 1 and first.question:
        lines.append(f'<p class="question">{_safe(first.question)}</p>')
    lines.append(f'<p class="meta">{_safe(against)}{_safe(horizon_of(scenario, say))} · {_safe(drawn)}</p>')
    if len(material.plans) == 1:
        lines += [_sentences(first), _tiles(first.tiles), *_shop(first)]
    lines += [_links(material), "</header>"]
    return lines


def _links(material: ReportMaterial) -> str:
    say = material.say
    links = [("together", say["report.together"])] if len(material.plans) > 1 else []
    links += [(f"plan_{number}", part.title) for number, part in enumerate(material.plans, 1)] if links else []
    if not links:
        keys = {"result": "alone" if material.alone else "result", "leaks": "leaks", "returns": "returns", "time": "time"}
        links = [(f"{key}_1", say[f"report.link_{word}"]) for key, word in keys.items()]
    links += [("evidence", say["report.evidence"]), ("stamp", say["report.stamp"])]
    return "<nav>" + "".join(f'<a href="#{place}">{_safe(text)}</a>' for place, text in links) + "</nav>"


def _plan(part: PlanPart, pictures: dict[str, Picture], number: int, say: Words, *, several: bool) -> list[str]:
    draw, lines = _figure(say), []
    tables = {table.key: _table(table, say) for table in part.tables if table.pages}

    def put(*names: str) -> None:
        lines.extend(tables[name] for name in names if name in tables)

    def picture(name: str) -> None:
        if name in pictures:
            lines.append(draw(pictures[name]))

    def head(key: str) -> None:
        level, word = "h3" if several else "h2", "alone" if key == "result" and part.same else key
        lines.append(f'<{level} id="{key}_{number}">{_safe(say[f"report.link_{word}"])}</{level}>')

    if several:
        lines.append(f'<h2 id="plan_{number}">{_safe(part.title)}</h2>')
        if part.question:
            lines.append(f'<p class="question">{_safe(part.question)}</p>')
        lines += [_sentences(part), _tiles(part.tiles), *_shop(part)]
    if part.notes:
        lines.append(f'<p class="own">{_safe(part.notes)}</p>')
    head("result")
    put("levers", "differences")
    picture("waterfall")
    put("attribution", "goals", "goal_months", "kpis", "grades", "drivers")
    head("leaks")
    for name in ("leaks", "funnel"):
        picture(name)
    put("leaks", "channels", "categories", "money", "ratios")
    picture("waits")
    head("returns")
    picture("returns")
    put("return_causes", "return_categories")
    head("time")
    for name in ("days", "delta"):
        picture(name)
    put("months", "weeks")
    return lines


def _sentences(part: PlanPart) -> str:
    lines = "".join(f"<li>{_safe(tight(sentence))}</li>" for sentence in part.sentences)
    return f'<ul class="lead">{lines}</ul>'


def _shop(part: PlanPart) -> list[str]:
    """Under the figures of a calibrated shop: how good they would have been, and whose prices they rest on."""
    return [f'<p class="note shop">{_safe(tight(line))}</p>' for line in part.shop]


def _tiles(tiles: tuple[Tile, ...]) -> str:
    found = []
    for tile in tiles:
        delta = f'<div class="delta {tile.sense}">{_lines(tile.delta)}</div>' if tile.delta else ""
        notes = "".join(f'<div class="small">{_lines(note)}</div>' for note in tile.notes)
        label = f'<div class="label">{_safe(tile.label)}</div>'
        found.append(f'<div class="tile">{label}<div class="value">{_lines(tile.value)}</div>{delta}{notes}</div>')
    return f'<div class="tiles">{"".join(found)}</div>'


def _lines(text: str) -> str:
    return "<br>".join(_safe(tight(line)) for line in text.split("\n"))


def _figure(say: Words) -> Any:
    def figure(picture: Picture) -> str:
        note = f'<p class="note">{_safe(picture.note)}</p>' if picture.note else ""
        place = (
            f'<div class="chart" id="chart_{picture.key}" role="img" aria-label="{_safe(alternative(picture, say))}" '
            f'data-failed="{_safe(say["report.chart_failed"])}"></div>'
        )
        return f"<figure><h3>{_safe(picture.title)}</h3>{note}{place}</figure>"

    return figure


def _stamp(material: ReportMaterial) -> str:
    rows = "".join(f'<tr><td>{_safe(label)}</td><td class="words">{_safe(text)}</td></tr>' for label, text in material.stamp)
    return f'<table class="stamp"><tbody>{rows}</tbody></table>'


# Tables


def _table(table: Table, say: Words) -> str:
    """A table with intervals in brackets behind their figure; long ones are folded away until asked for, or printed."""
    places = [i for i, column in enumerate(table.columns) if column.page and not column.band]
    wordy = {i: _longest(table, i) for i in places if not _numeric(table.columns[i])}
    heads = "".join(f"<th{_class(table.columns[i], 0)}>{_safe(table.columns[i].head)}</th>" for i in places)
    rows = []
    for number, row in enumerate(table.rows):
        cells = "".join(
            f"<td{_class(table.columns[i], wordy.get(i, 0))}>{_safe(_cell(table, number, row, i, say))}</td>" for i in places
        )
        rows.append(f'<tr class="marked">{cells}</tr>' if number in table.marked else f"<tr>{cells}</tr>")
    note = f'<p class="note">{_safe(table.note)}</p>' if table.note else ""
    room = len(places) + sum(column.band == "p10" for column in table.columns if column.page)  # an interval takes that of two
    wide = ' class="wide"' if room >= MANY_COLUMNS else ""
    inner = f'{note}<div class="scroll"><table{wide}><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    if table.key in FOLDED or (len(table.rows) > LONG_TABLE and table.key not in NEVER_FOLDED):
        return f"<details><summary>{_safe(table.title)}</summary>{inner}</details>"
    return f"<section><h3>{_safe(table.title)}</h3>{inner}</section>"


def _cell(table: Table, number: int, row: tuple[Cell, ...], place: int, say: Words) -> str:
    column = table.columns[place]
    unit = table.unit(number, column)
    ends = table.columns[place + 1 : place + 3]
    if [end.band for end in ends] == ["p10", "p90"] and row[place] is not None and row[place + 1] is not None:
        return shown_with_interval(*row[place : place + 3], unit, say, is_change=column.change)
    return shown(row[place], unit, say, is_change=column.change, level=column.unit == "level")


def _numeric(column: Column) -> bool:
    return column.unit != "text"


def _longest(table: Table, place: int) -> int:
    return max((len(str(row[place] or "")) for row in table.rows), default=0)


def _class(column: Column, longest: int) -> str:
    if column.unit == "date":
        return ' class="day"'
    if _numeric(column):
        return ' class="number"'
    if not longest:
        return ""
    return ' class="words long"' if longest > LONG_TEXT else ' class="words"'
