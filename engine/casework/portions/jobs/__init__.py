"""后台任务: acts in portions that go on by themselves once somebody has started them.

`acts` writes a job down with the act itself and says how far it is; `running` works it off, a portion at a
time; `carrier` brings it to a process that works: by Procrastinate on PostgreSQL, else by the scheduler.
"""
