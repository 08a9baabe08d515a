"""DMN decisions: tables with the standard's hit policies, boxed expressions and what they require,
all in FEEL.

file (reading), types (what it declares), table, boxed (expressions), model (decisions with what they
require).
"""

from engine.flow.decisions.file import Node, read_model
from engine.flow.decisions.model import Decision, Model, parse_decision, parse_model
from engine.flow.decisions.table import Rule, Table

__all__ = ["Decision", "Model", "Node", "Rule", "Table", "parse_decision", "parse_model", "read_model"]
