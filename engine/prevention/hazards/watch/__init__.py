"""Areas to watch (R31): seven kinds, computed every week where the register can tell, else labelled."""
