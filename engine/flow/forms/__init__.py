"""Forms: form-js schemas compiled for the server, which renders, validates and computes them."""

from engine.flow.forms.form import Field, Form, compile_form, shown, spread
from engine.flow.forms.schema import check_form

__all__ = ["Field", "Form", "check_form", "compile_form", "shown", "spread"]
