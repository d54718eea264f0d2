"""`Series.dt`: functions of dates, times, timestamps and durations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pycylon.errors import InvalidError
from pycylon.series.accessor import Accessor

if TYPE_CHECKING:
    from pycylon.frame.core import DataFrame
    from pycylon.series.core import Series

#: What becomes of a local time that clocks show twice, or skip: the core's words by pandas'.
_RESOLVES = {True: "earlier", False: "later", "shift_forward": "later", "shift_backward": "earlier"}


class Dates(Accessor):
    """The functions of a series' dates and durations: ``df["d"].dt.year``.

    Parameters
    ----------
    series : Series
        The series.

    Notes
    -----
    Timestamps with a zone are looked at by its clock. Zones are places of the IANA database, "UTC", or offsets as
    "+05:30".

    Examples
    --------
    >>> import datetime
    >>> s = pc.Series("d", [datetime.date(2024, 2, 29), None])
    >>> s.dt.month.to_list(), s.dt.is_month_end.to_list()
    ([2, None], [True, None])
    """

    __slots__ = ()

    def _of(self, function: str, **options: Any) -> Series:
        return self._series._with(function, **options)

    # ---- fields ----

    @property
    def year(self) -> Series:
        """The years."""
        return self._of("year")

    @property
    def quarter(self) -> Series:
        """The quarters of the year, from 1 on."""
        return self._of("quarter")

    @property
    def month(self) -> Series:
        """The months, from 1 on."""
        return self._of("month")

    @property
    def day(self) -> Series:
        """The days of the month, from 1 on."""
        return self._of("day")

    @property
    def dayofweek(self) -> Series:
        """The days of the week: Monday is 0."""
        return self._of("dayofweek")

    weekday = day_of_week = dayofweek

    @property
    def dayofyear(self) -> Series:
        """The days of the year, from 1 on."""
        return self._of("dayofyear")

    day_of_year = dayofyear

    @property
    def days_in_month(self) -> Series:
        """The numbers of days of the months."""
        return self._of("days_in_month")

    daysinmonth = days_in_month

    @property
    def hour(self) -> Series:
        """The hours."""
        return self._of("hour")

    @property
    def minute(self) -> Series:
        """The minutes."""
        return self._of("minute")

    @property
    def second(self) -> Series:
        """The seconds."""
        return self._of("second")

    @property
    def microsecond(self) -> Series:
        """The microseconds of the second."""
        return self._of("microsecond")

    @property
    def nanosecond(self) -> Series:
        """The nanoseconds of the microsecond."""
        return self._of("nanosecond")

    @property
    def is_month_start(self) -> Series:
        """Whether it is the first day of a month."""
        return self._of("is_month_start")

    @property
    def is_month_end(self) -> Series:
        """Whether it is the last day of a month."""
        return self._of("is_month_end")

    @property
    def is_quarter_start(self) -> Series:
        """Whether it is the first day of a quarter."""
        return self._of("is_quarter_start")

    @property
    def is_quarter_end(self) -> Series:
        """Whether it is the last day of a quarter."""
        return self._of("is_quarter_end")

    @property
    def is_year_start(self) -> Series:
        """Whether it is the first day of a year."""
        return self._of("is_year_start")

    @property
    def is_year_end(self) -> Series:
        """Whether it is the last day of a year."""
        return self._of("is_year_end")

    @property
    def is_leap_year(self) -> Series:
        """Whether it is in a leap year."""
        return self._of("is_leap_year")

    @property
    def date(self) -> Series:
        """The days, as dates."""
        return self._of("date")

    @property
    def time(self) -> Series:
        """The times of the day."""
        return self._of("time")

    def isocalendar(self) -> DataFrame:
        """Return a frame of the years, weeks and days (Monday is 1) of ISO 8601."""
        from pycylon.frame.window import frame_of

        parts = {"year": self._of("iso_year"), "week": self._of("iso_week"), "day": self.dayofweek + 1}
        return frame_of(series.rename(name) for name, series in parts.items())

    # ---- rounding ----

    def floor(self, freq: str) -> Series:
        """Return the values rounded down.

        Parameters
        ----------
        freq : str
            A step: a number (or none for 1) and "ns", "us", "ms", "s", "min", "h" or "D"; also "W" (from Monday on),
            "M", "Q" or "Y".

        Examples
        --------
        >>> import datetime
        >>> pc.Series("d", [datetime.datetime(2024, 2, 29, 13, 5)]).dt.floor("15min").to_list()
        [datetime.datetime(2024, 2, 29, 13, 0)]
        """
        return self._of("floor_time", step=freq)

    truncate = floor

    def ceil(self, freq: str) -> Series:
        """Return the values rounded up.

        Parameters
        ----------
        freq : str
            As in `floor`, but for weeks, months, quarters and years.
        """
        return self._of("ceil_time", step=freq)

    def round(self, freq: str) -> Series:
        """Return the values rounded, a half to the even multiple.

        Parameters
        ----------
        freq : str
            As in `floor`, but for weeks, months, quarters and years.
        """
        return self._of("round_time", step=freq)

    def normalize(self) -> Series:
        """Return the midnights."""
        return self.floor("D")

    # ---- zones ----

    def tz_localize(
        self,
        tz: str | None,
        ambiguous: Literal["raise", "NaT"] | bool = "raise",
        nonexistent: Literal["raise", "NaT", "shift_forward", "shift_backward"] = "raise",
    ) -> Series:
        """Return the instants at which the clocks of a zone show the values; with None, what the clocks show.

        Parameters
        ----------
        tz : str, optional
            The zone.
        ambiguous : {"raise", "NaT"} or bool, default "raise"
            What becomes of times that clocks show twice, because they are put back: an error, a null, the first of
            both (True: daylight saving time) or the second (False).
        nonexistent : {"raise", "NaT", "shift_forward", "shift_backward"}, default "raise"
            What becomes of times that clocks skip: an error, a null, the first instant after the gap, the last before.

        Examples
        --------
        >>> import datetime
        >>> s = pc.Series("d", [datetime.datetime(2024, 7, 1, 12)])
        >>> s.dt.tz_localize("Europe/Berlin").dt.tz_convert("UTC").dt.hour.to_list()
        [10]
        """
        if tz is None:
            return self._of("local_time")
        return self._of(
            "tz_localize",
            zone=str(tz),
            ambiguous=_RESOLVES.get(ambiguous, ambiguous),
            nonexistent=_RESOLVES.get(nonexistent, nonexistent),
        )

    def tz_convert(self, tz: str | None) -> Series:
        """Return the same instants by the clock of another zone.

        Parameters
        ----------
        tz : str, optional
            The zone; None is UTC, as values without a zone.
        """
        if tz is None:
            return self._of("tz_convert", zone="UTC").dt.tz_localize(None)
        return self._of("tz_convert", zone=str(tz))

    @property
    def tz(self) -> str | None:
        """The zone; None without one."""
        return self._series.dtype.partition("tz=")[2].rstrip("]") or None

    # ---- texts and durations ----

    def strftime(self, date_format: str) -> Series:
        """Return texts.

        Parameters
        ----------
        date_format : str
            As C's strftime takes it: "%Y-%m-%d %H:%M:%S".

        Examples
        --------
        >>> import datetime
        >>> pc.Series("d", [datetime.date(2024, 2, 29)]).dt.strftime("%d %b %Y").to_list()
        ['29 Feb 2024']
        """
        return self._of("strftime", format=date_format)

    def month_name(self) -> Series:
        """Return the English names of the months."""
        return self.strftime("%B")

    def day_name(self) -> Series:
        """Return the English names of the days."""
        return self.strftime("%A")

    def total_seconds(self) -> Series:
        """Return durations in seconds.

        Examples
        --------
        >>> import datetime
        >>> s = pc.Series("d", [datetime.datetime(2024, 3, 1), datetime.datetime(2024, 3, 2)])
        >>> (s - datetime.datetime(2024, 2, 29)).dt.total_seconds().to_list()
        [86400.0, 172800.0]
        """
        return self._of("total_seconds")

    @property
    def days(self) -> Series:
        """The whole days of durations, rounded down."""
        return self._of("duration_days")

    @property
    def seconds(self) -> Series:
        """The seconds of durations beside their whole days."""
        return self._of("duration_seconds")

    @property
    def microseconds(self) -> Series:
        """The microseconds of durations beside their whole seconds."""
        return self._of("duration_microseconds")

    @property
    def nanoseconds(self) -> Series:
        """The nanoseconds of durations beside their whole microseconds."""
        return self._of("duration_nanoseconds")

    def as_unit(self, unit: str) -> Series:
        """Return the values in another unit: rounded down to a coarser one.

        Parameters
        ----------
        unit : {"s", "ms", "us", "ns"}
            The unit.
        """
        if unit not in ("s", "ms", "us", "ns"):
            raise InvalidError(f"unit={unit!r}: give s, ms, us or ns", op="as_unit")
        name = self._series.dtype.partition("[")[0]
        zone = f", tz={self.tz}" if self.tz else ""
        return self._series.astype(f"{name}[{unit}{zone}]")
