"""Ranks as functions of serverless platforms.

A function's handler opens its place in the job from its event, works, and leaves:

::

    def handler(event, context):
        with CylonEnv.from_lambda(event, context) as env:
            return work(env, event["input"])

Functions connect to each other directly; nothing passes through storage. What an event holds is said in
`pycylon.serverless.aws`.
"""
