"""Forms: form-js schemas compiled for the server, which renders, validates and computes them."""

from engine.flow.forms.form import Form, compile_form
from engine.flow.forms.page.field import Field, shown, spread
from engine.flow.forms.schema import check_form

__all__ = ["Field", "Form", "check_form", "compile_form", "shown", "spread"]
