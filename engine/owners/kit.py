"""What the system brings as a whole: the field, and the owners' workshop above it."""

from engine.owners.rehearsal import acts as rehearsal
from engine.prevention import kit

KIT = kit.KIT | rehearsal.KIT
