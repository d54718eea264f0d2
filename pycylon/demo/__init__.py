"""``python -m pycylon demo``: the whole path, from files to a sorted answer on connected ranks, against pandas.

`job` and `synthetic` run on the ranks (`job` also in Lambda functions: it imports little), all else in the process that
starts them: `data` finds the tables, `peer` is pandas, `chart`, `report` and `show` are what is printed.
"""
