"""Counters of what is open now, for places too large to count it one by one: exact at every instant.

The database itself notes every change of a task or limit, in the transaction of whoever changes it
(`triggers`): no act can forget to, and none waits for another, since changes are rows of their own. A round
of the ticker adds them up (`adding`). Whoever reads takes what is added up and what is not yet, in one
statement (`reading`). Lateness is not kept, only days on which limits pass.
"""
