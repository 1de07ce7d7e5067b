"""What a shop's file may look like, and what is said where it cannot be read."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import date, timedelta

import numpy as np
import pytest
from openpyxl import Workbook

from sim.errors import UserError
from sim.shops import reading
from sim.shops.table import ShopTable, read_shop

DAYS = [date(2023, 7, 1) + timedelta(days=k) for k in range(20)]


def lines(head: str, row: str, days: list[str]) -> str:
    return "\n".join([head, *(row.format(day=day, n=1000 + k) for k, day in enumerate(days))]) + "\n"


def plain(form: str = "%Y-%m-%d") -> str:
    return lines("date,sessions,orders", "{day},{n},30", [day.strftime(form) for day in DAYS])


def first_row(table: ShopTable) -> tuple[date, float]:
    return table.frame.index[0].date(), float(table.series("sessions")[0])


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%d.%m.%Y", "%Y-%m-%d 00:00:00", "%d/%m/%Y"])
def test_dates_as_people_write_them(form: str) -> None:
    assert first_row(read_shop(plain(form).encode())) == (date(2023, 7, 1), 1000.0)


def test_days_and_months_without_leading_zero() -> None:
    text = lines("date,sessions,orders", "{day},{n},30", [f"{day.year}/{day.month}/{day.day}" for day in DAYS])
    assert first_row(read_shop(text.encode())) == (date(2023, 7, 1), 1000.0)


def test_serial_days_of_a_spreadsheet() -> None:
    # 45108 is 2023-07-01: 45,108 days after 1899-12-30
    text = lines("date,sessions,orders", "{day},{n},30", [str(45108 + k) for k in range(20)])
    assert first_row(read_shop(text.encode())) == (date(2023, 7, 1), 1000.0)


def test_a_date_that_could_be_two_days_is_asked_about() -> None:
    text = lines("date,sessions,orders", "{day},{n},30", [f"{month:02d}/03/2024" for month in range(1, 13)])
    with pytest.raises(UserError, match="could be two days; say which with --definition date_order"):
        read_shop(text.encode())
    days = [f"03/{day:02d}/2024" for day in range(1, 13)] * 1
    text = lines("date,sessions,orders", "{day},{n},30", [*days])
    with pytest.raises(UserError, match="12 days; at least 14"):
        read_shop(text.encode(), definitions={"date_order": "month_first"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le"])
def test_chinese_headers_in_every_encoding(encoding: str) -> None:
    text = lines("日期,访客数,下单订单数,支付金额(元)", "{day},{n},30,￥4500", [str(day) for day in DAYS])
    table = read_shop(text.encode(encoding))
    assert dict(table.columns) == {"date": "日期", "sessions": "访客数", "orders": "下单订单数", "gmv": "支付金额(元)"}
    assert table.series("gmv")[0] == 4500.0


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_other_delimiters(mark: str) -> None:
    assert first_row(read_shop(plain().replace(",", mark).encode())) == (date(2023, 7, 1), 1000.0)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('"1,234"', 1234.0), ('"1,234.50"', 1234.5), ("1.2万", 12000.0), ("0.5亿", 5e7), ("1.2w", 12000.0), ("¥1234.5", 1234.5),
        ("1234.5元", 1234.5), ("$1234", 1234.0), ("1 234", 1234.0), ("1e3", 1000.0), ("--", np.nan), ("", np.nan),
        ("１２３４", 1234.0), ("", np.nan),
    ],
)
def test_numbers_as_people_write_them(cell: str, value: float) -> None:
    text = plain().replace("2023-07-03,1002,30", f"2023-07-03,1002,{cell}")
    found = read_shop(text.encode()).series("orders")[2]
    assert np.isnan(found) if np.isnan(value) else found == pytest.approx(value)


def test_a_decimal_comma_beside_points_for_thousands() -> None:
    text = lines("date;sessions;gmv", "{day};{n};1.234,50", [str(day) for day in DAYS])
    assert read_shop(text.encode()).series("gmv")[0] == 1234.5


def test_a_comma_that_could_be_both_is_asked_about() -> None:
    text = lines("date;sessions;gmv", "{day};{n};1,234", [str(day) for day in DAYS])
    with pytest.raises(UserError, match="decimal=point or decimal=comma"):
        read_shop(text.encode())
    assert read_shop(text.encode(), definitions={"decimal": "point"}).series("gmv")[0] == 1234.0
    assert read_shop(text.encode(), definitions={"decimal": "comma"}).series("gmv")[0] == 1.234


@pytest.mark.parametrize("cell", ["95.3%", "0.953", "95.3"])
def test_shares_in_per_cent_or_not(cell: str) -> None:
    text = lines("date,sessions,24小时发货率", "{day},{n}," + cell, [str(day) for day in DAYS])
    assert read_shop(text.encode()).series("shipped_24h_rate")[0] == pytest.approx(0.953)


@pytest.mark.parametrize(
    ("cell", "says"),
    [("-5", "row 4, column orders: -5 is below zero"), ("abc", 'row 4, column orders: "abc" is no number'), ("NaN", '"NaN" is no number'),
     ("inf", '"inf" is no number'), ("1e300", "too large"), ("(5)", "-5 is below zero")],
)
def test_impossible_numbers_are_refused_with_row_and_column(cell: str, says: str) -> None:
    with pytest.raises(UserError) as refused:
        read_shop(plain().replace("2023-07-03,1002,30", f"2023-07-03,1002,{cell}").encode())
    assert says in refused.value.message


def test_a_share_above_one_is_refused() -> None:
    text = lines("date,sessions,24小时发货率", "{day},{n},0.95", [str(day) for day in DAYS]).replace("1002,0.95", "1002,1.2")
    with pytest.raises(UserError, match=r"row 4, column 24小时发货率: a share of 1.2 is above 1"):
        read_shop(text.encode())


def test_totals_titles_and_empty_lines_are_no_days() -> None:
    text = "店铺日报,,\n\n" + plain() + "合计,20190,600\n"
    table = read_shop(text.encode())
    assert len(table.frame) == 20 and [finding.kind for finding in table.findings] == ["total_rows"]
    assert table.findings[0].rows == (24,)  # a title, an empty line, a header, 20 days


def workbook(rows: list[list[object]], merged: str = "") -> bytes:
    book = Workbook()
    page = book.active
    for row in rows:
        page.append(row)
    if merged:
        page.merge_cells(merged)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook() -> None:
    table = read_shop(workbook([["日期", "访客数", "下单订单数"], *([day, 1000 + k, 30] for k, day in enumerate(DAYS))]))
    assert first_row(table) == (date(2023, 7, 1), 1000.0)


def test_two_lines_of_headers_are_joined_or_refused() -> None:
    days = [[day, 1000, 30] for day in DAYS]
    table = read_shop(workbook([["日期", "流量", "交易"], ["", "访客数", "下单订单数"], *days]))
    assert set(table.measures) == {"sessions", "orders"}
    with pytest.raises(UserError, match=r'"访客数" stands over more than one column. Merged headers are not read'):
        read_shop(workbook([["日期", "自营", None], ["", "访客数", "访客数"], *days], merged="B1:C1"))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 200, "is a PNG image"), (b"\xff\xd8\xff\xe0" + b"\0" * 100, "is a JPEG image"),
        (b"%PDF-1.7 ...", "is a PDF"), (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "old .xls workbook"), (b"", "is empty"), (b"  \n ", "is empty"),
        (bytes(range(256)) * 20, "binary file"), (b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
        (b"hello\nworld\n", "no line of headers was understood"), (b"date,sessions\n", "headers and no rows"),
        (b"sessions,orders\n1,2\n", "no column of dates"), (b"date,what\n2023-07-01,2\n", "no column with numbers"),
        (b"PK\x03\x04" + b"x" * 100, "damaged or locked"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(data: bytes, says: str) -> None:
    with pytest.raises(UserError) as refused:
        read_shop(data)
    assert says in refused.value.message and "\n" not in refused.value.message


def test_an_archive_that_is_no_workbook() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("a.txt", "hello")
    with pytest.raises(UserError, match=r"archive, not an .xlsx"):
        read_shop(out.getvalue())


def test_two_million_rows_are_refused_at_once() -> None:
    data = b"date,sessions,orders\n" + b"2023-07-01,1000,30\n" * 2_000_000
    begun = time.perf_counter()
    with pytest.raises(UserError, match=r"2,000,00\d rows; up to 500,000 are read"):
        read_shop(data)
    assert time.perf_counter() - begun < 10.0


def test_monthly_rows_and_centuries_are_refused() -> None:
    text = lines("date,sessions,orders", "{day},{n},30", [f"2023-{month:02d}-01" for month in range(1, 13)])
    with pytest.raises(UserError, match="Export it by day"):
        read_shop(text.encode())
    with pytest.raises(UserError, match=r"spans .* years"):
        read_shop((plain() + "2093-01-01,5,1\n").encode())


def test_channels_are_added_up_and_their_totals_are_not() -> None:
    text = "date,channel,sessions,orders,24小时发货率\n"
    for day in DAYS:
        text += f"{day},店播,600,30,0.8\n{day},短视频,400,10,0.4\n{day},合计,1000,40,0.7\n"
    table = read_shop(text.encode())
    assert table.series("sessions")[0] == 1000.0 and table.findings[0].kind == "total_rows"
    # (30 x 0.8 + 10 x 0.4)/40 = 0.7: shares are weighted by orders
    assert table.series("shipped_24h_rate")[0] == pytest.approx(0.7)


def test_columns_can_be_mapped_and_left_out() -> None:
    text = lines("Tag,Leute,orders", "{day},{n},30", [str(day) for day in DAYS])
    table = read_shop(text.encode(), mapping={"Tag": "date", "Leute": "sessions", "orders": ""})
    assert table.measures == ("sessions",)
    with pytest.raises(UserError, match=r'no column "Lute".* Did you mean "Leute"'):
        read_shop(text.encode(), mapping={"Tag": "date", "Lute": "sessions"})
    with pytest.raises(UserError, match=r"no column sesions; there are .* Did you mean"):
        read_shop(text.encode(), mapping={"Tag": "date", "Leute": "sesions"})


def test_definitions_are_recorded_and_checked() -> None:
    assert read_shop(plain().encode(), definitions={"orders": "paid"}).measures == ("sessions", "paid_orders")
    with pytest.raises(UserError, match="orders is one of submitted, paid"):
        read_shop(plain().encode(), definitions={"orders": "both"})


def test_weeks() -> None:
    text = lines("date,sessions,orders", "{day},{n},30", [str(date(2023, 7, 3) + timedelta(weeks=k)) for k in range(20)])
    assert read_shop(text.encode()).step_days == 7


def test_days_and_weeks_in_one_file_are_not_taken_for_days_with_gaps() -> None:
    days = [f"2023-07-{day:02d},1000,30\n" for day in range(1, 29)]
    weeks = [f"{date(2023, 7, 31) + timedelta(days=7 * k)},7000,210\n" for k in range(6)]
    with pytest.raises(UserError, match="has rows by week from 2023-07-31 on, and by day"):
        read_shop(("date,sessions,orders\n" + "".join(days + weeks)).encode())
    # three missing weeks among weeks, and a week without rows among days, are gaps
    assert read_shop(("date,sessions,orders\n" + "".join(days[:10] + days[17:])).encode()).step_days == 1


def test_a_date_years_away_is_a_slip() -> None:
    text = plain() + "2039-01-01,1000,30\n"
    with pytest.raises(UserError, match="nothing between 2023-07-20 and 2039-01-01"):
        read_shop(text.encode())


def test_a_column_of_formulas_that_were_never_calculated_is_named() -> None:
    book = Workbook()
    book.active.append(["日期", "访客数", "支付金额"])
    for row, day in enumerate(DAYS, start=2):
        book.active.append([day, 1000 + row, f"=B{row}*1.5"])
    stream = io.BytesIO()
    book.save(stream)
    table = read_shop(stream.getvalue())
    assert [(item.kind, item.column, item.data["header"]) for item in table.findings] == [("empty_column", "gmv", "支付金额")]
    assert "gmv" not in table.frame


def test_an_empty_workbook_and_a_second_line_of_headers_are_said_so() -> None:
    book, stream = Workbook(), io.BytesIO()
    book.save(stream)
    with pytest.raises(UserError, match="is empty"):
        read_shop(stream.getvalue())
    text = plain().replace("\n", "\n,人数,单数\n", 1)
    with pytest.raises(UserError, match="row 2, column date: there is no date"):
        read_shop(text.encode())


# Rows of one day


def test_rows_that_differ_in_a_column_that_is_not_read_are_parts_and_not_doubles() -> None:
    # Two hosts with the same numbers: 10 + 10 sessions a day, and not 10
    text = "date,主播,sessions,orders\n" + "".join(f"{day},{host},10,1\n" for day in DAYS for host in ("甲", "乙"))
    table = read_shop(text.encode())
    assert table.series("sessions")[0] == 20.0
    found = table.findings[0]
    assert (found.kind, found.data["header"], found.data["others"], len(found.days)) == ("parts_added", "主播", "甲, 乙", 20)


def test_numbered_rows_that_say_the_same_are_counted_once() -> None:
    text = "序号,date,sessions,orders\n" + "".join(f"{k},{day},{1000 + k},30\n" for k, day in enumerate(DAYS)) + f"20,{DAYS[19]},1019,30\n"
    table = read_shop(text.encode())
    assert table.series("sessions")[19] == 1019.0 and [item.kind for item in table.findings] == ["same_row_twice"]


def test_hours_are_added_up_by_day_even_where_two_say_the_same() -> None:
    text = "统计时间,访客数,下单订单数\n" + "".join(f"{day} {hour:02d}:00:00,5,1\n" for day in DAYS for hour in range(24))
    table = read_shop(text.encode())
    assert table.series("sessions")[0] == 120.0 and table.series("orders")[0] == 24.0  # 24 hours of 5 and of 1
    assert [item.kind for item in table.findings] == ["hourly"]


def test_two_shops_in_one_file_are_refused_until_the_planner_adds_them_up() -> None:
    text = "日期,店铺名称,访客数,下单订单数\n" + "".join(f"{day},{shop},10,1\n" for day in DAYS for shop in ("甲店", "乙店"))
    with pytest.raises(UserError, match="rows of 2 shops in column 店铺名称 \\(乙店, 甲店\\)"):
        read_shop(text.encode())
    assert read_shop(text.encode(), mapping={"店铺名称": "channel"}).series("sessions")[0] == 20.0
    assert read_shop(text.replace("乙店", "甲店").replace(",10,", ",11,", 1).encode()).name == "the file"  # one shop's name is no part


def test_days_in_several_rows_without_a_reason_are_refused_with_the_rows() -> None:
    text = "date,sessions,orders\n" + "".join(f"{day},{number},5\n" for day in DAYS for number in (100, 40))
    with pytest.raises(UserError, match="rows 2 and 3: 20 days stand in more than one row, and no column says why"):
        read_shop(text.encode())
    table = read_shop((plain() + "2023-07-05,40,5\n").encode())  # one such day is named
    assert table.series("sessions")[4] == 1044.0 and [item.kind for item in table.findings] == ["day_twice"]


# Rows that are no days


@pytest.mark.parametrize("total", ["7月合计", "合计：", "本月累计", "平均值", "Grand Total", "Subtotal", "环比", "小计（元）"])
def test_sums_between_the_days(total: str) -> None:
    text = plain().replace("2023-07-11,", f"{total},9999,999\n2023-07-11,", 1)
    table = read_shop(text.encode())
    assert len(table.frame) == 20 and table.series("sessions").max() == 1019.0
    assert [(item.kind, item.rows) for item in table.findings] == [("total_rows", (12,))]


def test_notes_below_the_days_are_named_and_left_out() -> None:
    table = read_shop((plain() + "注：数据 T+1 更新,,\n※ 不含退款,,\n").encode())
    assert len(table.frame) == 20 and [(item.kind, item.rows) for item in table.findings] == [("note_rows", (22, 23))]
    with pytest.raises(UserError, match="row 22, column date: \"soon\" is no date"):  # with numbers behind it, it is a day gone wrong
        read_shop((plain() + "soon,5,1\n").encode())


# Sheets


def book_of(**pages: list[list[object]]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    book.remove(book.active)
    for title, rows in pages.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    book.save(out)
    return out.getvalue()


def sheet_of(first: int) -> list[list[object]]:
    return [["日期", "访客数", "下单订单数"], *([day, first + k, 30] for k, day in enumerate(DAYS))]


def test_a_workbook_of_several_sheets_says_which_was_read_and_another_can_be_asked_for() -> None:
    data = book_of(说明=[["本表说明"]], 一月=sheet_of(1000), 二月=sheet_of(5000))
    table = read_shop(data)
    assert table.series("sessions")[0] == 1000.0
    assert [(item.kind, dict(item.data)) for item in table.findings] == [("sheet", {"header": "一月", "others": "二月"})]
    assert read_shop(data, sheet="二月").series("sessions")[0] == 5000.0
    with pytest.raises(UserError, match="has no sheet '三月'; it has 说明, 一月, 二月"):
        read_shop(data, sheet="三月")
    with pytest.raises(UserError, match="is no workbook and has no sheets"):
        read_shop(plain().encode(), sheet="一月")


def test_a_hidden_sheet_comes_last() -> None:
    book, out = Workbook(), io.BytesIO()
    hidden, seen = book.active, book.create_sheet("日报")
    hidden.sheet_state = "hidden"
    for page, first in ((hidden, 9000), (seen, 1000)):
        for row in sheet_of(first):
            page.append(row)
    book.active = 1
    book.save(out)
    assert read_shop(out.getvalue()).series("sessions")[0] == 1000.0


def test_a_sheet_is_limited_and_a_csv_is_named_as_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_SHEET_ROWS", 3)
    with pytest.raises(UserError, match=r"a sheet of up to 3 rows is read\. Save it as CSV"):
        read_shop(book_of(日报=sheet_of(1000)))


# What is written otherwise


@pytest.mark.parametrize(
    "form",
    ["=\"{:%Y-%m-%d}\"", "'{:%Y-%m-%d}", "{:%b %d %Y}", "{:%d-%b-%Y}", "{:%Y%m%d}-{:%Y%m%d}", "{:%Y-%m-%d}T00:00:00Z"],
)
def test_dates_as_tools_export_them(form: str) -> None:
    text = "date;sessions;orders\n" + "".join(f"{form.format(day, day)};{1000 + k};30\n" for k, day in enumerate(DAYS))
    assert first_row(read_shop(text.encode())) == (date(2023, 7, 1), 1000.0)


def test_a_rate_in_a_column_of_counts_is_refused() -> None:
    with pytest.raises(UserError, match='row 4, column orders: "3%" is a rate, and this column counts'):
        read_shop(plain().replace("2023-07-03,1002,30", "2023-07-03,1002,3%").encode())


def test_a_quotation_mark_that_is_never_closed_is_found() -> None:
    days = [date(2023, 7, 1) + timedelta(days=k) for k in range(90)]
    text = lines("date,sessions,orders", "{day},{n},30", [str(day) for day in days]).replace("2023-07-05,", '"2023-07-05,')
    with pytest.raises(UserError, match="row 6: a cell never ends"):
        read_shop(text.encode())
    with pytest.raises(UserError, match="row 1: a cell never ends"):
        read_shop(b"a" * 1_000_000)


def test_letters_of_another_encoding_are_hinted_at() -> None:
    text = lines("日期,訪客數,下單訂單數", "{day},{n},30", [str(day) for day in DAYS])
    with pytest.raises(UserError, match="If these letters are wrong, save the file as UTF-8"):
        read_shop(text.encode("big5"))


def test_gbk_that_shows_late_is_still_read() -> None:
    text = lines("date,channel,sessions,orders", "{day},store,{n},30", [str(day) for day in DAYS])
    filler = "".join(f"2023-07-01,part {k},1,0\n" for k in range(5000))
    table = read_shop((text + filler + "2023-07-01,直播,1,0\n").encode("gbk"))
    assert table.encoding == "gb18030" and set(table.parts["channel"]) >= {"直播", "store"}


def test_a_file_of_many_rows_by_channel_is_read_in_seconds_and_little_memory() -> None:
    days = [date(2020, 1, 1) + timedelta(days=k) for k in range(1000)]
    text = "日期,渠道,访客数,下单订单数,支付金额\n" + "".join(
        f"{day},渠道{part},{part + k % 7},{part % 5},{part + k % 7}.5\n" for k, day in enumerate(days) for part in range(100)
    )
    begun = time.perf_counter()
    table = read_shop(text.encode())
    assert time.perf_counter() - begun < 20.0  # 1 s on an idle machine; 20 s before texts were read once each
    # day 1: parts 0 … 99 add up to 4950 sessions, to 20 x (0+1+2+3+4) = 200 orders, and to 4950 + 50 CNY
    assert [table.series(name)[0] for name in ("sessions", "orders", "gmv")] == [4950.0, 200.0, 5000.0]
    assert table.series("sessions")[1] == 5050.0  # each part one more
