"""A process of its own: opens one file that people sent, and writes its rows as JSON lines.

A spreadsheet of 5 KB can ask for 549 GB, one of 4 MB for a minute of the processor. What such a file kills is
this process and nothing else: its memory and its time are bounded before the first byte is looked at, and
the file's own directory is read before anything is unpacked. Nothing of ours is imported but this folder.
"""
