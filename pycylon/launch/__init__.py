"""Launchers: how a job's ranks are started, watched and ended.

A launcher starts one process per rank and gives each its place in the job through the environment
(``PYCYLON_TOKEN_FILE``, ``PYCYLON_WORLD_SIZE``, ``PYCYLON_RANK``, ``PYCYLON_THREADS``); `CylonEnv` reads it there. The
launcher never sees data: ranks connect to each other. `Local`, the only launcher so far, starts processes here:

::

    launching process                                    rank (a process group of its own)
    session folder, mode 0700:
      token                 <--- PYCYLON_TOKEN_FILE ---  CylonEnv()
      task.pickle           <--------------------------  what to run
      rank-2.pickle         ---------------------------  what it returned or raised
      *.arrow               ---------------------------  frames among arguments and results, as Arrow IPC
    lifeline (pipe)         --- end of file: die ----->
    status (pipe)           <-- "ok" | "error" --------
    stdout, stderr (pipes)  <--------------------------  printed as "[rank 2] ..."
"""

from pycylon.launch.local import Local

__all__ = ["Local"]
