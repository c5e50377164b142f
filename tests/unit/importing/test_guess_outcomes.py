"""Guesses on files that tell, beside what happened, what came of it: loans, claims, bookings."""

import csv
from pathlib import Path
from typing import Any

import pytest

from training.datasets.importing.guess.guess import guess_mapping

ROWS = 1_200
_BAD = 20
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _guess(path: Path, header: str, rows: list[list[Any]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return guess_mapping(path).en


def _missing(guess: str, *expected: str) -> list[str]:
    return [line for line in expected if line not in guess]


def test_what_tells_a_label_is_left_out_though_some_labels_are_open(
    bench: Any, tmp_path: Path
) -> None:
    """Orders whose label is open are fewer than the frauds, and part nothing."""
    rows = []
    for i in range(ROWS):
        bad, is_open = i % _BAD == 0, i % 60 == 7
        told = "欺诈" if bad else "待定" if is_open else "正常"
        status = "已封禁" if bad else "已完成"
        rows.append(
            [f"D{i}", f"2024-05-{i % 28 + 1:02d}", f"u{i % 90}", status, "李四" * bad, told]
        )
    guess = _guess(tmp_path / "f.csv", "订单编号,下单时间,买家账号,处理状态,审核人,风险结论", rows)
    assert not _missing(
        guess,
        '[labels.risk_verdict]\ncolumn = "风险结论"',
        'positive = ["欺诈"]\nunlabelled = ["待定"]',
        '# not used: "处理状态", a label too',
        '# not used: "审核人", a label too',
    )
    label = bench.run(tmp_path / "f.csv", guess).labels["risk_verdict"]
    assert (label.positives, label.unlabelled) == (ROWS // _BAD, ROWS // 60)


def test_a_loan_happened_when_it_was_issued(bench: Any, tmp_path: Path) -> None:
    """A ratio called dti is no time; money got back is of those alone that did not pay."""
    rows = []
    for i in range(ROWS):
        bad = i % _BAD == 0
        month = f"{_MONTHS[i * 12 // ROWS]}-2013"
        status = "Charged Off" if bad else "Current" if i % 7 == 1 else "Fully Paid"
        got_back = f"{i % 50 + 1}.25" if bad and i % 40 else "0.0"
        rows.append(
            [
                i,
                f"{i * 37 % 3000}.5",
                month,
                f"{i % 29}.37",
                f"Jan-20{15 + i % 3}",
                got_back,
                status,
            ]
        )
    header = "id,loan_amnt,issue_d,dti,last_pymnt_d,recoveries,loan_status"
    guess = _guess(tmp_path / "f.csv", header, rows)
    assert not _missing(
        guess,
        'time = { column = "issue_d", format = "%b-%Y" }',
        '[amount]\ncolumn = "loan_amnt"',
        'dti = "dti"',
        '# not used: "last_pymnt_d", a time',
        'positive = ["Charged Off"]\nunlabelled = ["Current"]',
    )
    told = bench.run(tmp_path / "f.csv", guess)
    assert (told.start.month, told.end.month, told.rows) == (1, 12, ROWS)


def test_a_refund_of_some_frauds_alone_is_no_input(tmp_path: Path) -> None:
    """Half of the frauds were paid back, and no honest order: nobody knew it at the order."""
    rows = [
        [
            i,
            f"2024-05-{i % 28 + 1:02d}",
            f"m{i % 90}",
            i % 7,
            int(i % _BAD == 0),
            "12.50" * (i % 40 == 0),
        ]
        for i in range(ROWS)
    ]
    guess = _guess(tmp_path / "f.csv", "id,at,member,items,fraud,refund_amount", rows)
    assert '# not used: "refund_amount", a label too' in guess
    # Honest refunds among them: then it is for the reader to say.
    for i, row in enumerate(rows):
        row[-1] = "12.50" if i % 30 == 0 else ""
    guess = _guess(tmp_path / "f.csv", "id,at,member,items,fraud,refund_amount", rows)
    assert '"refund_amount", a label too' not in guess


def test_a_claim_happened_at_the_incident_and_not_when_the_policy_began(tmp_path: Path) -> None:
    """The hour stands beside the day of the incident; how old the policy is tells something."""
    rows = [
        [i, f"20{i % 19:02d}-03-04", f"2024-05-{i % 28 + 1:02d}", i % 24, "YN"[i % _BAD > 0]]
        for i in range(ROWS)
    ]
    header = "policy_number,policy_bind_date,incident_date,incident_hour,fraud_reported"
    assert not _missing(
        _guess(tmp_path / "f.csv", header, rows),
        'time = { column = ["incident_date", "incident_hour"], format = "%Y-%m-%d %H" }',
        'policy_bind_date = { since = "policy_bind_date" }',
    )


def test_a_booking_is_of_its_arrival_and_not_of_the_day_of_its_outcome(tmp_path: Path) -> None:
    """Year, month and day stand in a column each; the day of the status came later."""
    rows = [
        [int(i % 4 == 0), 2015 + i // 600, "July", i % 28 + 1, i % 31, f"2016-05-{i % 27 + 1:02d}"]
        for i in range(ROWS)
    ]
    header = "is_canceled,arrival_year,arrival_month,arrival_day_of_month,agent,status_date"
    assert not _missing(
        _guess(tmp_path / "f.csv", header, rows),
        'column = ["arrival_year", "arrival_month", "arrival_day_of_month"], format = "%Y %B %d"',
        '# not used: "status_date", a time',
    )


def test_columns_of_one_name_get_names_of_their_own(bench: Any, tmp_path: Path) -> None:
    """The account that pays and the one that is paid are both called Account."""
    rows = [
        [f"2022/09/{i % 28 + 1:02d} 00:20", f"A{i % 90}", f"B{i % 70}", i % 50, int(i % _BAD == 0)]
        for i in range(ROWS)
    ]
    header = "Timestamp,Account,Account,Amount,Is Laundering"
    guess = _guess(tmp_path / "f.csv", header, rows)
    assert 'columns = ["Timestamp", "Account", "Account 2", "Amount", "Is Laundering"]' in guess
    told = bench.run(tmp_path / "f.csv", guess)
    assert (told.rows, list(told.entities)) == (ROWS, ["account", "account_2"])
    assert bench.column("entity__account")[0].startswith("A")
    assert bench.column("entity__account_2")[0].startswith("B")


def test_a_fee_of_one_height_is_money_and_no_class(tmp_path: Path) -> None:
    """What was lost says so; when a dispute was opened is not the age of anything."""
    rows = []
    for i in range(ROWS):
        bad = i % _BAD == 0
        at, opened = 1690000000 + i * 600, f"{1690000000 + i * 600 + 864000}" * bad
        rows.append([f"pi_{i}", at, f"c{i % 90}", "dispute_lost" if bad else "ok", opened])
        rows[-1] += [1500 * bad]
    header = "payment_intent,created,card,status,dispute_opened,dispute_fee"
    guess = _guess(tmp_path / "f.csv", header, rows)
    assert not _missing(
        guess,
        'id = "payment_intent"',
        '[labels.status]\ncolumn = "status"',
        'positive = ["dispute_lost"]',
        'known_at = { column = "dispute_opened", format = "unix", unit = "s" }',
        '# not used: "dispute_fee", ',
    )
    assert "since" not in guess


@pytest.mark.parametrize("values", [("1", "-1"), ("1.0", "-1.0")])
def test_a_label_may_be_called_y(bench: Any, tmp_path: Path, values: tuple[str, str]) -> None:
    """So the vectors of those who learn are called, of one and minus one."""
    rows = [
        [i, f"2024-05-{i % 28 + 1:02d}", f"m{i % 90}", f"{i % 7}.5", values[i % _BAD > 0]]
        for i in range(ROWS)
    ]
    guess = _guess(tmp_path / "f.csv", "id,at,member,x,y", rows)
    assert bench.run(tmp_path / "f.csv", guess).labels["y"].positives == ROWS // _BAD


def test_a_label_of_one_value_is_named(tmp_path: Path) -> None:
    """Nobody was found guilty in these rows: the file may be the wrong one."""
    rows = [[i, f"2024-05-{i % 28 + 1:02d}", f"m{i % 90}", 0] for i in range(ROWS)]
    guess = _guess(tmp_path / "f.csv", "id,at,member,fraud", rows)
    assert 'column "fraud" is called like a label, and says "0" on every row' in guess


def test_few_devices_are_kinds_and_months_are_nobody(tmp_path: Path) -> None:
    """The number of a kind of device measures nothing, and a rating of drivers does."""
    rows = [
        [i, f"2024-05-{i % 28 + 1:02d}", i % 4, i % 5, f"{i % 12 + 1}", i % 40, int(i % _BAD == 0)]
        for i in range(ROWS)
    ]
    guess = _guess(tmp_path / "f.csv", "id,at,device,DriverRating,MonthOfClaim,rep,fraud", rows)
    numeric, _, categorical = guess.partition("[categorical]")
    assert 'device = "device"' in categorical
    assert 'driver_rating = "DriverRating"' in numeric.partition("[numeric]")[2]
    assert "month_of_claim = " not in guess.partition("[numeric]")[0]
