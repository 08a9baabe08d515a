"""What departments' lists bring to the field: their file, and the round that tells of them."""

from engine.casework.kit import Kit
from engine.prevention.identification.departments import sheets, telling

KIT = Kit(imports={sheets.NAME: sheets.KIND}, rounds=(telling.tell_due,))
