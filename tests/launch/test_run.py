"""`pycylon.run`: results, frames, failures."""

import subprocess
import sys
import textwrap

import pytest

import pycylon as pc


def test_list_of_results(ranks):
    expected = [(rank, 3, (1, "a"), {"k": 2}) for rank in range(3)]
    assert pc.run(ranks.place, world_size=3, args=(1, "a"), kwargs={"k": 2}) == expected


def test_rank0(ranks):
    assert pc.run(ranks.place, 2, gather="rank0") == (0, 2, (), {})


def test_frames_are_concatenated_in_the_order_of_ranks(ranks):
    frame = pc.run(ranks.share, world_size=3, args=(2,), gather="concat")
    assert frame.placement == "local"
    assert frame.to_dict() == {"rank": [0, 0, 1, 1, 2, 2], "text": [None, "row 1"] * 3}


def test_empty_frames(ranks):
    assert pc.run(ranks.share, world_size=2, args=(0,), gather="concat").shape == (0, 2)


def test_frames_among_arguments_and_results(ranks):
    frame = pc.DataFrame({"a": [1, None, 3], "b": ["x", "y", None]})
    for values, nested in pc.run(ranks.total, world_size=2, args=(frame,)):
        assert values == frame.to_dict()
        assert nested["nested"][0].to_dict() == frame.to_dict()


def test_concat_of_other_results_is_refused(ranks):
    with pytest.raises(TypeError, match="rank 0 returned tuple"):
        pc.run(ranks.place, world_size=1, gather="concat")


@pytest.mark.parametrize("kind", [ValueError, KeyError, KeyboardInterrupt, SystemExit])
def test_first_failure_is_raised_with_its_type(ranks, kind):
    with pytest.raises(kind, match="of rank 1") as caught:
        pc.run(ranks.fail_on_one, world_size=3, args=(kind,))
    notes = "\n".join(caught.value.__notes__)
    assert "Raised in rank 1 of the job" in notes
    assert 'raise kind("of rank 1")' in notes
    assert "worker.py" not in notes


def test_failure_that_cannot_be_pickled_keeps_its_text(ranks):
    with pytest.raises(RuntimeError, match="NotPicklable: one and two") as caught:
        pc.run(ranks.fail_strangely, world_size=1)
    assert "fail_strangely" in "\n".join(caught.value.__notes__)


def test_rank_that_dies_is_peer_lost(ranks):
    with pytest.raises(pc.errors.PeerLost, match="exit status 9") as caught:
        pc.run(ranks.die, world_size=3)
    assert caught.value.rank == 1


def test_timeout(ranks):
    with pytest.raises(TimeoutError, match=r"ranks \[1\] still ran"):
        pc.run(ranks.sleep, world_size=2, timeout=5)


def test_threads_are_divided(ranks):
    assert pc.run(ranks.threads, world_size=2, on=pc.Local(threads=6)) == [3, 3]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"fn": 3}, TypeError, "fn must be a function"),
        ({"fn": print, "world_size": 0}, ValueError, "world_size=0"),
        ({"fn": print, "world_size": "4"}, ValueError, "world_size='4'"),
        ({"fn": print, "gather": "all"}, ValueError, "gather='all'"),
    ],
)
def test_wrong_arguments(arguments, error, match):
    with pytest.raises(error, match=match):
        pc.run(**arguments)


def test_run_inside_a_rank_is_refused(ranks, monkeypatch):
    monkeypatch.setenv("PYCYLON_RANK", "0")
    with pytest.raises(RuntimeError, match="inside a rank"):
        pc.run(ranks.place)


def test_lambda_and_closure():
    pytest.importorskip("cloudpickle")
    factor = 10
    assert pc.run(lambda env: env.rank * factor, world_size=2) == [0, 10]


SCRIPT = """
import sys
{hide}
import pycylon as pc

def double(env, x):
    return 2 * x + env.rank

if __name__ == "__main__":
    print(pc.run(double, world_size=2, args=(4,)))
"""


@pytest.mark.parametrize("hide", ["", "sys.modules['cloudpickle'] = None"])
def test_function_of_a_script(tmp_path, hide):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT.format(hide=hide)))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "[8, 9]\n"), done.stderr


def test_lambda_without_cloudpickle_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(TypeError, match=r"pycylon\[run\]"):
        pc.run(lambda env: env.rank, world_size=1)


def test_concat_takes_a_replicated_frame_once(ranks, tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n2\n")
    frame = pc.run(ranks.replicated, world_size=3, gather="concat", args=(str(tmp_path / "a.csv"),))
    assert frame.to_dict() == {"a": [1, 2]}


def test_a_small_frame_as_argument_merges_with_a_partitioned_one(ranks):
    small = pc.DataFrame({"k": [0, 1, 2], "name": ["zero", "one", "two"]})
    merged = pc.run(ranks.join_with_argument, world_size=2, gather="concat", args=(small,))
    assert sorted(merged.to_dict()["name"]) == ["one", "one", "two", "zero"]
