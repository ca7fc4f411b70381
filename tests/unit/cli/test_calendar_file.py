"""A calendar's file: what it may look like, and how its mistakes are told."""

from datetime import date
from pathlib import Path

import pytest
from tests.unit.handoff.calendars.samples import hours
from typer.testing import CliRunner, Result

from balie.cli.app import app
from balie.cli.calendar_file import CalendarFileWrong, read_calendar
from balie.cli.desk import SAMPLE, Desk, DeskFolderWrong
from balie.handoff.calendars.calendar import Calendar, Holiday

WHOLE = """\
id: desk
name: Service desk
zone: Europe/Amsterdam
hours:
  mon-thu: ["13:00-17:00", "09:00-12:30"]
  fri: 09:00-12:30
  sat: closed
holidays:
  - {date: 2026-12-31, name: "New Year's Eve", hours: ["09:00-12:00"]}
  - {date: 2026-12-25, name: Christmas Day}
"""


def written(folder: Path, content: str, name: str = "office.yaml") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def mistakes(folder: Path, content: str, name: str = "office.yaml") -> list[str]:
    with pytest.raises(CalendarFileWrong) as wrong:
        read_calendar(written(folder, content, name))
    return [f"{mistake.line}: {mistake.problem}" for mistake in wrong.value.mistakes]


def check(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["calendar", "check", *map(str, arguments)], env={"COLUMNS": "120"})


def test_reads_a_calendar(tmp_path: Path) -> None:
    day = hours("09:00-12:30", "13:00-17:00")
    assert read_calendar(written(tmp_path, WHOLE)) == Calendar(
        "desk",
        "Service desk",
        "Europe/Amsterdam",
        (day, day, day, day, hours("09:00-12:30"), (), ()),
        (
            Holiday(date(2026, 12, 25), "Christmas Day"),
            Holiday(date(2026, 12, 31), "New Year's Eve", hours("09:00-12:00")),
        ),
    )


def test_the_files_name_is_the_id_and_the_name_when_it_says_no_other(tmp_path: Path) -> None:
    assert read_calendar(written(tmp_path, "zone: UTC\n")) == Calendar("office", "office", "UTC", ((),) * 7)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("hours: {}\n", ["1: zone is missing, such as zone: Europe/Amsterdam"]),
        (
            "zone: Europe/Amsterdm\n",
            ["1: Europe/Amsterdm is no time zone of the IANA database, such as Europe/Amsterdam"],
        ),
        ("zone: UTC\nid: a b\n", ["2: id must be a letter or digit, then letters, digits and any of ._:@+-"]),
        (f"zone: UTC\nname: {'x' * 201}\n", ["2: name has 201 characters, at most 200 are allowed"]),
        (
            "zone: UTC\ncolour: red\n",
            ["2: a calendar has no 'colour'; it has id, name, zone, hours, holidays"],
        ),
        (
            "zone: UTC\nhours:\n  mon: [9-17]\n  tue: ['09:00-25:00']\n",
            [
                "3: hours of mon: '9-17' must be two times such as 09:00-12:30",
                "4: hours of tue: '09:00-25:00' must be two times such as 09:00-12:30: there is no 25:00",
            ],
        ),
        (
            "zone: UTC\nhours:\n  mon-fri:\n    - 09:00-12:30\n    - 12:00-17:00\n",
            ["4: hours of mon-fri: 09:00-12:30 and 12:00-17:00 overlap"],
        ),
        (
            "zone: UTC\nhours:\n  fri: ['22:00-02:00']\n",
            [
                (
                    "3: hours of fri: 22:00-02:00 ends no later than it starts; hours that pass midnight are two "
                    "intervals, one of each day"
                )
            ],
        ),
        (
            f"zone: UTC\nhours:\n  fri: [{', '.join(f'{hour:02}:00-{hour:02}:30' for hour in range(13))}]\n",
            ["3: hours of fri: at most 12 intervals are allowed"],
        ),
        (
            "zone: UTC\nhours:\n  mon-wed: closed\n  tue: closed\n",
            ["4: hours: tue is named twice"],
        ),
        (
            "zone: UTC\nhours:\n  fry: closed\n  sun-mon: closed\n",
            [
                "3: hours: 'fry' is no day: write mon, tue, wed, thu, fri, sat, sun, or days in a row such as mon-fri",
                (
                    "4: hours: 'sun-mon' is no day: write mon, tue, wed, thu, fri, sat, sun, or days in a row such as "
                    "mon-fri"
                ),
            ],
        ),
        (
            (
                "zone: UTC\nholidays:\n"
                "  - {date: 2026-12-25, name: Christmas}\n"
                "  - {date: 25-12-2026, name: Christmas}\n"
                "  - {date: 2026-12-25, name: Again}\n"
                "  - {date: 2026-12-26}\n"
                "  - {name: Boxing Day}\n"
                "  - {date: 2026-12-26, name: Boxing Day, times: []}\n"
            ),
            [
                "4: date must be a date from 1970-01-01 to 2199-12-31, as YYYY-MM-DD",
                "5: holidays: 2026-12-25 is listed twice",
                "6: a holiday has no name",
                "7: a holiday has no date",
                "8: a holiday has no 'times'; it has date, name, hours",
            ],
        ),
        ("zone: UTC\nhours: [mon]\n", ["2: hours must be a mapping"]),
        ("zone: UTC\nholidays: {}\n", ["2: holidays must be a list"]),
        ("zone: UTC\nhours:\n\tmon: []\n", None),
        ("", ["0: is empty"]),
        ("- zone\n", ["1: a calendar must be a mapping"]),
    ],
)
def test_mistakes_are_told_with_their_lines(tmp_path: Path, content: str, told: list[str] | None) -> None:
    found = mistakes(tmp_path, content)
    if told is None:
        assert found[0].startswith("3: is no YAML")
    else:
        assert found == told


def test_as_many_holidays_as_may_be(tmp_path: Path) -> None:
    lines = [
        f"  - {{date: {2000 + year}-01-{day:02}, name: Day}}" for year in range(40) for day in range(1, 12)
    ]
    content = "zone: UTC\nholidays:\n" + "\n".join(lines[:400]) + "\n"
    assert len(read_calendar(written(tmp_path, content)).holidays) == 400
    assert mistakes(tmp_path, content + lines[400] + "\n") == ["403: holidays: at most 400 are allowed"]


def test_a_files_name_that_can_be_no_id_is_told(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, "zone: UTC\n", "my office.yaml")
    assert told == "1: id is missing, and the file's name 'my office' cannot be one"


def test_check_says_whether_it_is_open_and_shows_the_days_to_come(tmp_path: Path) -> None:
    file = written(tmp_path, WHOLE)
    done = check(file, "--at", "2026-12-25T10:00", "--days", 4)
    assert done.exit_code == 0
    assert lines_of(done) == [
        "Service desk (desk), Europe/Amsterdam, 2 holidays",
        "closed on Fri 25 Dec 2026 10:00, Christmas Day, opens Mon 28 Dec 2026 09:00",
        "Fri 25 Dec 2026 closed Christmas Day",
        "Sat 26 Dec 2026 closed",
        "Sun 27 Dec 2026 closed",
        "Mon 28 Dec 2026 09:00-12:30 13:00-17:00 7 h 30 min",
    ]


@pytest.mark.parametrize(
    ("at", "state"),
    [
        ("2026-12-21T10:00", "open on Mon 21 Dec 2026 10:00, until Mon 21 Dec 2026 12:30"),
        ("2026-12-21T10:00Z", "open on Mon 21 Dec 2026 11:00, until Mon 21 Dec 2026 12:30"),
        ("2026-12-31T09:30", "open on Thu 31 Dec 2026 09:30, New Year's Eve, until Thu 31 Dec 2026 12:00"),
        ("2026-12-21T04:45-06:00", "open on Mon 21 Dec 2026 11:45, until Mon 21 Dec 2026 12:30"),
    ],
)
def test_a_moment_is_by_the_calendars_clock_unless_it_says_otherwise(
    tmp_path: Path, at: str, state: str
) -> None:
    assert state in check(written(tmp_path, WHOLE), "--at", at).output


def test_what_never_opens_and_what_never_closes_is_said(tmp_path: Path) -> None:
    never = check(written(tmp_path, "zone: UTC\n"), "--at", "2026-01-01T00:00")
    assert "closed on Thu 01 Jan 2026 00:00, and never opens" in never.output
    always = check(
        written(tmp_path, "zone: UTC\nhours: {mon-sun: ['00:00-24:00']}\n"), "--at", "2026-01-01T00:00"
    )
    assert "open on Thu 01 Jan 2026 00:00, until further notice" in always.output


@pytest.mark.parametrize(
    ("at", "words", "lasts"),
    [
        ("2026-03-29T12:00", "the clock goes forward 1 h at 02:00", "23 h"),
        ("2026-10-25T12:00", "the clock goes back 1 h at 03:00", "25 h"),
    ],
)
def test_a_day_on_which_the_clock_changes_says_so(tmp_path: Path, at: str, words: str, lasts: str) -> None:
    file = written(tmp_path, "zone: Europe/Amsterdam\nhours: {mon-sun: ['00:00-24:00']}\n")
    done = check(file, "--at", at, "--days", 1)
    assert words in done.output
    assert lasts in done.output


@pytest.mark.parametrize("at", ["tomorrow", "1969-12-31T00:00", "2200-01-01T00:00"])
def test_a_moment_that_is_none_is_refused(tmp_path: Path, at: str) -> None:
    assert check(written(tmp_path, WHOLE), "--at", at).exit_code == 2


def test_check_tells_the_mistakes_of_all_files(tmp_path: Path) -> None:
    first = written(tmp_path, "zone: UTC\nhours: {mon: ['9']}\n", "first.yaml")
    second = written(tmp_path, "zone: Nowhere\n", "second.yaml")
    done = check(first, second)
    assert done.exit_code == 1
    assert f"{first}:2: hours of mon: '9' must be" in done.stderr
    assert f"{second}:1: Nowhere is no time zone" in done.stderr
    assert "2 mistakes." in done.stderr
    copy = written(tmp_path, "zone: UTC\nid: third\n", "fourth.yaml")
    done = check(written(tmp_path, "zone: UTC\n", "third.yaml"), copy)
    assert f"{copy}: the id third is that of" in done.stderr


def test_a_desk_has_the_calendars_of_its_folder(tmp_path: Path) -> None:
    assert Desk(tmp_path).calendars() == []
    assert [one.id for one in Desk(SAMPLE).calendars()] == ["office"]
    (tmp_path / "calendars").mkdir()
    written(tmp_path / "calendars", "zone: Nowhere\n")
    with pytest.raises(DeskFolderWrong, match=r"office\.yaml:1: Nowhere is no time zone"):
        Desk(tmp_path).calendars()


def lines_of(done: Result) -> list[str]:
    return [" ".join(line.split()) for line in done.output.splitlines() if line.strip()]
