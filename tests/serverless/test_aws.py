"""A rank's environment from a Lambda event."""

import pytest

import pycylon as pc
from pycylon import errors
from pycylon.serverless import aws


class Context:
    """The part of Lambda's context that is used."""

    def __init__(self, milliseconds):
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self):
        return self._milliseconds


@pytest.mark.parametrize(
    ("size", "threads"), [("128", 1), ("1769", 1), ("1770", 2), ("3008", 2), ("8846", 6), ("10240", 6)]
)
def test_threads_follow_the_memory_size(size, threads):
    assert aws.settings({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": size})["threads"] == threads


@pytest.mark.parametrize(("left", "seconds"), [(900_000, 30.0), (12_000, 10.0), (500, 1.0)])
def test_joining_ends_before_the_function(left, seconds):
    assert aws.connect_seconds(Context(left)) == seconds


@pytest.mark.parametrize("event", [{}, {"token": "x"}, {"world_size": 4}, {"token": "", "world_size": 4}])
def test_event_without_a_place(event):
    with pytest.raises(errors.InvalidError, match="the event has no"):
        pc.CylonEnv.from_lambda(event, Context(1000))


@pytest.mark.parametrize(
    ("field", "value"), [("rank", "first"), ("rank", 1.5), ("rank", [0]), ("world_size", "many"), ("world_size", True)]
)
def test_event_with_a_wrong_number(field, value):
    event = {"token": "x", "world_size": 2, "rank": 0, field: value}
    with pytest.raises(errors.InvalidError, match=f'"{field}" is .*expected a whole number'):
        pc.CylonEnv.from_lambda(event, Context(1000))


def test_event_with_a_wrong_token():
    with pytest.raises(pc.errors.UnauthenticatedError, match="token"):
        pc.CylonEnv.from_lambda({"token": "not a token", "world_size": 2, "rank": 0}, Context(3000))
