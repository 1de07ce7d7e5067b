"""Every refusal has a Chinese sentence: the source is read for its sentences, and real refusals are worded."""

from __future__ import annotations

import re
import time
import tomllib
from pathlib import Path
from string import Formatter
from types import SimpleNamespace

import pytest

from sim.analysis.optimizing.answering import contradiction
from sim.analysis.optimizing.plans import limit_of
from sim.errors import UserError
from sim.scenario import load, save
from sim.shops import read_shop
from sim.sweeps import load_spec
from sim.wording.refusals import Entry, catalogue, in_language
from tests.command_line import asked
from tests.refusal_sources import SIM, audit, english_key, known


def english_run(text: str) -> str:
    """Three or more English words on end, in what is neither quoted nor a command."""
    bare = re.sub(r"""`[^`]*`|“[^”]*”|"[^"]*"|'[^']*'""", "", text)
    found = re.search(r"[A-Za-z]{2,}(?:[ ,;]+[A-Za-z]{2,}){2,}", bare)
    return found[0] if found else ""


# The catalogue


def test_every_refusal_has_a_chinese_sentence() -> None:
    assert not audit().missing, "\n".join(["not in sim/refusals*.toml:", *sorted(set(audit().missing))])


def test_no_sentence_outlives_its_source() -> None:
    elsewhere = tomllib.loads((SIM / "refusals_outside.toml").read_text(encoding="utf-8"))
    spared = {english_key(Entry(english, "")) for section in elsewhere.values() for english in section}
    stale = sorted(known().keys() - audit().seen - spared)
    assert not stale, "\n".join(["in sim/refusals*.toml and nowhere in the source:", *(known()[key][0].english for key in stale)])


def test_the_audit_finds_what_is_written_in_the_source() -> None:
    assert len(audit().seen) > 400
    for english in ("above 0 and below 1 is allowed.", "is no lever.", "worker processes died", " Did you mean", "a PNG image"):
        assert any(english in key for key in audit().seen), english


def wrong_with(entry: Entry) -> str:
    bare = re.sub(r"\{.*?\}", "", entry.chinese)
    if {name for _, name, *_ in Formatter().parse(entry.chinese) if name is not None} != set(entry.slots):
        return "other slots than the English"
    if not set(entry.slots.values()) <= {"", "word", "words", "list"}:
        return "a kind of slot that does not exist"
    if re.search("[\u4e00-\u9fff][,;:?!]|[,;:?!] ?[\u4e00-\u9fff]", re.sub(r"`[^`]*`|（.*?）", "", entry.chinese)):
        return "half-width marks"
    if entry.english.endswith((".", "?")) and not entry.chinese.endswith(("。", "？")):
        return "no full stop"
    return english_run(bare.replace("Windows", ""))


def test_both_languages_say_the_same_in_their_own_way() -> None:
    wrong = {entry.english: says for entry in catalogue() if (says := wrong_with(entry))}
    assert not wrong


def test_a_sentence_is_found_by_its_fixed_text() -> None:
    """With names and numbers in its slots, and nothing where a further piece may stand."""
    values, shown = {"": "qaz.toml", "word": "31", "list": "wsx, edc", "words": ""}, {"": "qaz.toml", "word": "31", "list": "wsx、edc"}
    sure = [entry for entry in catalogue() if sum(map(len, entry.fixed)) >= 12 and re.search("[\u4e00-\u9fff]", entry.chinese)]
    assert len(sure) > 400
    for entry in sure:
        english = "".join(text + (values[entry.slots[name]] if name else "") for text, name, *_ in Formatter().parse(entry.english))
        chinese = in_language(english, "zh")
        assert not english_run(chinese.replace("Windows", "")), entry.english
        assert re.search("[\u4e00-\u9fff]", chinese), entry.english
        assert all(shown[kind] in chinese for kind in entry.slots.values() if kind != "words"), entry.english


def test_what_nobody_has_worded_stays_english() -> None:
    says = "Something that nobody has ever worded: it is here, and not there."
    assert in_language(says, "zh") == says
    assert in_language("payment.redirects: 99 is out of bounds; 1 to 8 is allowed.", "en").endswith("1 to 8 is allowed.")
    assert in_language("这一步已经是中文。", "zh") == "这一步已经是中文。"
    assert in_language("x" * 10_000, "zh") == "x" * 10_000


def test_pieces_within_pieces() -> None:
    says = 'plan.toml, line 5: levers.service.seats.to: a number is expected (in seats), not the text "many".'
    assert in_language(says, "zh") == "plan.toml 第 5 行：levers.service.seats.to：应为数字（单位：席），不能是文本“many”。"
    says = "a dir/b.toml could not be written: Permission denied. Nothing was changed."
    assert in_language(says, "zh") == "a dir/b.toml 无法写入：没有权限。原有内容没有改动。"
    says = "a.toml could not be written: a word of some other system. Nothing was changed."
    assert in_language(says, "zh") == "a.toml 无法写入：a word of some other system。原有内容没有改动。"
    says = "no sweep is running into /tmp/my out on this machine (it was started on n1)."
    assert in_language(says, "zh").startswith("/tmp/my")
    assert in_language("no sweep is running into /tmp/my out.", "zh") == "/tmp/my out 里没有正在跑的批量推演。"


def test_a_long_hostile_name_takes_no_time() -> None:
    start = time.process_time()
    in_language(", ".join(["a: b and c or d; e, line 3"] * 60) + " is out of bounds; 1 to 2 is allowed.", "zh")
    assert time.process_time() - start < 5.0


# Real refusals, in Chinese


def judged(told: str, *parts: str) -> None:
    assert re.search("[\u4e00-\u9fff]", told), told
    assert not english_run(told.replace("whatif: ", "", 1)), told
    for part in parts:
        assert part in told


REFUSED = {  # command line -> what must stand in the answer
    "run baseline --set payment.redirect=2": ("payment.redirect：没有这个杠杆。是不是想写“payment.redirects”？",),
    "run baseline --set payment.redirects=99": ("payment.redirects：99 超出范围；可取 1 到 8。",),
    "run baseline --set payment.redirects": ("--set：'payment.redirects' 格式不对", "payment.redirects=2"),
    "run baseline --days 0": ("--days：'0' 不是 1 到 732 的整数",),
    "run baseline --start 2024-13-01": ("--start：", "2024-01-31"),
    "run nowhere": ("没有方案 nowhere",),
    "run": ("whatif run 缺少 SCENARIO",),
    "run baseline --drawz 3": ("没有选项 --drawz", "--draws", "是不是想写“--draws”？"),
    "runn baseline": ("没有命令 runn", "是不是想写“run”？"),
    "run baseline --format exel": ("--format：'exel' 不可用",),
    "run baseline --scenarios /nowhere": ("--scenarios：/nowhere 不是文件夹。",),
    "params redirects": ("没有参数或环节“redirects”。",),
    "seek baseline --lever payment.redirects": ("“baseline”的文件里没有目标", "--goal"),
    "seek baseline --lever payment.redirects --goal net_gvm>=1": ("没有指标“net_gvm”", "是不是想写“net_gmv”？"),
    "seek baseline --lever payment.gap --goal net_gmv>=1e9": ("payment.gap", "不是杠杆"),
    "optimize baseline --limit return_rate<=0.2@high": ("@ 后面的“high”不是概率",),
    "optimize baseline --budget x": ("--budget：'x' 不是有限的数。",),
    "report baseline --out x.pdf": ("--out：'x.pdf' 不以 .html 或 .xlsx 结尾",),
    "sweep nowhere --out out": ("没有批量推演 \"nowhere\"",),
    "merge": ("whatif merge 缺少",),
    "calibrate": ("whatif calibrate 缺少 DATA",),
}


@pytest.mark.parametrize("typed", REFUSED)
def test_the_command_line_refuses_in_chinese(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = asked(capsys, *typed.split(), "--lang", "zh")
    assert code in (2, 3, 5)
    judged(told.strip(), *REFUSED[typed])
    assert in_language(told, "en") == told


def test_the_language_is_known_before_the_command_line_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--lang=zh" not in asked(capsys, "run", "nowhere", "--lang=zh")[2]
    judged(asked(capsys, "--lang=zh", "runn")[2], "--lang")
    monkeypatch.setenv("WHATIF_LANG", "zh_CN.UTF-8")
    judged(asked(capsys, "runn")[2], "没有命令 runn")
    assert "has no command runn" in asked(capsys, "runn", "--lang", "en")[2]


BROKEN = {  # a scenario file -> what must stand in the answer
    "": ("是空的",),
    "title = 3\nschema = 1\n": ("title：应为带引号的文本，不能是 3。",),
    'schema = 1\ntitle = "x"\n[levers]\n"payment.redirects" = 2\n': ("第 4 行：", "应为表，例如 {{ to = 2 }}".format()),
    'schema = 1\ntitle = "x"\n[levers.payment.redirects]\nto = "two"\n': ("应为数字", "不能是文本“two”"),
    'schema = 1\ntitle = "x"\nlevers = \n': ("第 3 行不是有效的 TOML：值写得不对（`levers =`）。",),
    'schema = 1\ntitle = "x"\ntitle = "y"\n': ("同一个键或表写了两次",),
    'schema = 1\ntitle = "x"\n[goals.net_gmv]\nat_least = 1\nat_most = 2\n': ("at_least 和 at_most 须且只须写一个；现在两种都写了。",),
    'schema = 1\ntitle = "x"\nextends = "baselin"\n': ("没有方案“baselin”。是不是想写“baseline”？",),
    'schema = 9\ntitle = "x"\n': ("这个文件的 schema 为 9，由更新的版本写成；当前版本只能读到 1。",),
    'schema = 1\ntitle = "x"\n[horizon]\nstart = "2024-01-01"\n': ("应为不带引号的日期，例如 2024-01-15，不能是文本“2024-01-01”。",),
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_scenario_file_is_refused_in_chinese(text: str, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        load(tmp_path / "plan.toml")
    judged(in_language(error.value.message, "zh"), "plan.toml", *BROKEN[text])


def test_saving_under_a_bad_name_is_refused_in_chinese(tmp_path: Path) -> None:
    for name, part in (("a?.toml", "方案文件名里不能有“?”；可用文字、数字、空格"), ("nul.toml", "nul 是 Windows 的保留名")):
        with pytest.raises(UserError) as error:
            save(load("baseline"), tmp_path / name)
        assert part in in_language(error.value.message, "zh")


SWEEPS = {
    '[levers.payment.redirects]\nvalues = [1, 99]\n': ("99 超出范围；可取 1 到 8。",),
    '[levers.payment.redirects]\nlow = 1\nhigh = 3\n': ("网格除 low 和 high 外还要写 steps",),
    '[levers.payment.redirects]\nvalues = [2, 2]\n': ("2 写了两次；只能保留一个。",),
    '[points]\n': ('[[points]] 只用于 kind = "list"；这里的 kind 是 "grid"。',),
    "": ("没有可变动的内容",),
}


@pytest.mark.parametrize("body", SWEEPS)
def test_a_wrong_sweep_file_is_refused_in_chinese(body: str, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(f'schema = 1\ntitle = "x"\nbase = "baseline"\n[design]\nkind = "grid"\n{body}', encoding="utf-8")
    with pytest.raises(UserError) as error:
        load_spec(tmp_path / "s.toml")
    judged(in_language(error.value.message, "zh"), "s.toml", *SWEEPS[body])


SHOPS = {
    "": ("shop.csv 是空的",),
    "%PDF-1.7 ...": ("shop.csv 是 PDF 文件，不是表格；",),
    "<html><body>no</body></html>": ("其实是网页、XML 或 JSON",),
    "a,b\n1,2\n": ("没有认出表头", "--map HEADER=date"),
    "date,sessions\n2024-01-01,5\n": ("只有 1 天的数据；至少要",),
    "date,sessions\n" + "".join(f"2024-01-{day:02},{'x' if day == 3 else 5}\n" for day in range(1, 31)): ("“sessions”列", "“x”不是数字"),
}


@pytest.mark.parametrize("text", SHOPS)
def test_an_unreadable_shop_file_is_refused_in_chinese(text: str, tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        read_shop(tmp_path / "shop.csv")
    judged(in_language(error.value.message, "zh"), "shop.csv", *SHOPS[text])


def test_limits_that_cannot_hold_are_named_in_chinese() -> None:
    one, two, three = (SimpleNamespace(limit=limit_of(text), value=0.25) for text in (
        "net_gmv >= 9e12", "return_rate <= 0.1 @ 0.8", "plan_cost <= 1e6"
    ))
    judged(in_language(contradiction([two]), "zh"), "达到 return_rate <= 0.1（概率不低于 0.8）；最好只能到 0.25。")
    told = in_language(contradiction([one, two, three]), "zh")
    judged(told, "同时满足 net_gmv >= 9e+12、return_rate <= 0.1（概率不低于 0.8）和 plan_cost <= 1e+06")
