"""The field: preventing a return to poverty in a province, a package for each chapter of the plan."""
