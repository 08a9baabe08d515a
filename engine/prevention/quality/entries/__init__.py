"""Who collected, who entered and who reviewed what the register says (R38; Q71)."""
