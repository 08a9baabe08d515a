"""督办 (C6, R15, R19): the limits that count, urging, supervision orders, the weekly letter."""
