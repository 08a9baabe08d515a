# mypy: ignore-errors
"""Six user tasks, a timer after the fourth, a choice after the fifth: a flow in code."""

from datetime import timedelta

from viewflow import this
from viewflow.workflow import flow, lock
from viewflow.workflow.models import Process


def _view(request, **_):
    """Steps are taken without a page."""


class Identification(flow.Flow):
    """The same work as the other engines do."""

    process_class = Process
    lock_impl = lock.SelectForUpdateLock()

    start = flow.StartHandle(this.begin).Next(this.verify)
    verify = flow.View(_view).Next(this.sign)
    sign = flow.View(_view).Next(this.submit)
    submit = flow.View(_view).Next(this.match)
    match = flow.View(_view).Next(this.wait)
    wait = flow.Timer(timedelta(0)).Next(this.appraise)
    appraise = flow.View(_view).Next(this.choice)
    choice = flow.If(lambda activation: activation.process.data["outcome"] == "agree")
    choice = choice.Then(this.approve).Else(this.end)
    approve = flow.View(_view).Next(this.end)
    end = flow.End()

    def begin(self, activation):
        """A new case."""
        return activation.process
