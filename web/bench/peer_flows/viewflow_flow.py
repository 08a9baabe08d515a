# mypy: ignore-errors
"""Viewflow: the flow in code, its own tables, a form of four fields, one durable transaction a step."""

import json
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import django
from django.conf import settings

STEPS = ("verify", "sign", "submit", "match", "appraise", "approve")
FORM = {"outcome": "agree", "remark": "情况属实", "size": "4", "income": "11800"}


def set_up(folder: Path) -> None:
    """Django with a durable SQLite file."""
    sys.path.insert(0, str(Path(__file__).parent))
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "viewflow",
            "viewflow.workflow",
            "flow_in_code",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "peer.sqlite",
                "OPTIONS": {
                    "transaction_mode": "IMMEDIATE",
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
                },
            }
        },
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def main(cases: int) -> None:
    """Print steps a second and CPU milliseconds a step."""
    with tempfile.TemporaryDirectory() as folder:
        set_up(Path(folder))
        from django import forms
        from django.contrib.auth.models import User
        from django.db import transaction
        from flow_in_code.flows import Identification
        from viewflow.workflow.models import Task
        from viewflow.workflow.timers import fire_due_timers

        class Paper(forms.Form):
            outcome = forms.ChoiceField(choices=[("agree", "同意"), ("refuse", "不同意")])
            remark = forms.CharField(max_length=200)
            size = forms.IntegerField(min_value=1)
            income = forms.IntegerField(min_value=0)

        class Request:
            user = User.objects.create_superuser("official")

        def step(process_id: int, name: str) -> None:
            with transaction.atomic():
                task = Task._default_manager.get(process_id=process_id, flow_task__endswith=f".{name}")
                with task.activation() as activation:
                    activation.assign(Request.user)
                    activation.start(Request)
                    paper = Paper(FORM)
                    if not paper.is_valid():
                        raise RuntimeError(paper.errors)
                    activation.process.data = {**(activation.process.data or {}), **paper.cleaned_data}
                    activation.process.save()
                    activation.execute()

        seconds, cpu = [], []
        for case in range(cases + 1):
            process = Identification.start.run()
            for name in STEPS:
                if name == "appraise":
                    fire_due_timers()
                begun, worked = time.perf_counter(), time.process_time()
                step(process.pk, name)
                if case:  # the first fills the caches
                    seconds.append(time.perf_counter() - begun)
                    cpu.append(time.process_time() - worked)
            process.refresh_from_db()
            if process.status != "DONE":
                raise RuntimeError("the case has not come to its end")
    print(
        json.dumps(
            {
                "version": version("django-viewflow"),
                "steps": len(seconds),
                "per_second": round(len(seconds) / sum(seconds), 1),
                "median_ms": round(statistics.median(seconds) * 1000, 2),
                "cpu_ms": round(sum(cpu) / len(cpu) * 1000, 2),
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
