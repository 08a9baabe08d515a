"""What the log adds up to: in time or late, how long each step takes, which ways cases took (R15, R19, C6).

`facts` reads a case's history, `tally` keeps the roll-ups, `reading` answers a page from them. No targets and
no rankings by count, anywhere (R02).
"""
