"""All that the demo's officials fill in, by form key: data for its cases, validated like anybody's."""

from __future__ import annotations

from engine.prevention.demo.answers import assistance, identification, withdrawal
from engine.prevention.demo.answers.scene import Answers

ANSWERS: Answers = identification.ANSWERS | withdrawal.ANSWERS | assistance.ANSWERS
