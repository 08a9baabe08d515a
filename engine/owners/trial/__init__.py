"""试运行: a draft or a version walked through on the real engine with a sample household;
nothing of it is stored.

A trial is a script: the household, the instant it begins, and the acts in order. Every look at it plays the
script from the start, in one transaction that is always rolled back: real steps, real services, real forms.
"""
