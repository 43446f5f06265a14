"""The three countries' systems, invented: about 60 households each at once, then a few a minute, one in ten of them odd.

Nobody in here exists. Each system is a program: `python -m deploy.simulators us --state-dir .puente`.
"""
