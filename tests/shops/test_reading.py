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
