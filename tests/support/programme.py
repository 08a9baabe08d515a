"""A programme of a county that brings households to the notice through the REST API alone."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import APIRequestContext, APIResponse

from tests.support import papers
from tests.support.browser import Site


class Programme:
    """Tokens of the officials of one village, its township and its county."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def _answer(self, answer: APIResponse) -> Any:
        assert answer.ok, answer.text()
        return answer.json()

    def clue(self, name: str, number: str, address: str, discovered_on: str) -> int:
        """A clue about a new household; answers the case."""
        data = papers.clue(
            self.site.now.date(), name, id_number=number, address=address, discovered_on=discovered_on
        )
        body = {"data": data, "confirmed_new": True}
        return int(self._answer(self.site.api("cun").post("/api/v1/clues", data=body))["case_id"])

    def finish(
        self,
        username: str,
        case_id: int,
        element_id: str,
        key: str,
        files: tuple[str, ...] = (),
        **changes: Any,
    ) -> None:
        """Do the case's step with valid data, changed as told, and a photo for each of `files`."""
        api = self.site.api(username)
        tasks = self._answer(api.get(f"/api/v1/cases/{case_id}"))["tasks"]
        task = next(task for task in tasks if task["element_id"] == element_id)
        data = papers.paper(key, self.site.now.date(), "", **changes)
        for field in files:
            data[field] = [self._upload(api, task["id"], field)]
        self._answer(api.post(f"/api/v1/tasks/{task['id']}/complete", data={"data": data}))

    def _upload(self, api: APIRequestContext, item_id: int, field: str) -> str:
        file = {"name": "photo.png", "mimeType": "image/png", "buffer": papers.PNG}
        answer = api.post(f"/api/v1/tasks/{item_id}/attachments", multipart={"file": file, "field": field})
        return str(self._answer(answer)["id"])

    def to_notice(self, case_id: int, **verified: Any) -> None:
        """Everything up to the posted notice, all today."""
        self.finish("cun", case_id, "verify", "verification", **verified)
        self.finish("cun", case_id, "sign", "authorisation", ("scan",))
        self.finish("xiang", case_id, "submit_batch", "matching_batch")
        self.finish("xian2", case_id, "run_matching", "matching_result")
        self.finish("cun", case_id, "appraise", "appraisal", ("minutes",))
        self.finish("cun", case_id, "post_notice", "notice", ("photo",))

    def admit(self, case_id: int, **verified: Any) -> None:
        """From the clue, today, to the register, six days later."""
        self.to_notice(case_id, **verified)
        self.site.go_to((self.site.now.date() - self.site.day(0)).days + 6)
        self.finish("cun", case_id, "end_notice", "notice_end")
        self.finish("xiang", case_id, "review", "township_review")
        self.finish("xian", case_id, "approve", "county_approval")
        self.finish("xiang", case_id, "announce", "announcement", ("photo",))
        self.finish("xiang", case_id, "register", "registration")

    def eliminate(self, case_id: int, **checked: Any) -> None:
        """From the village's check, today, to the mark, six days later."""
        self.finish("cun", case_id, "check", "stability_check", **checked)
        self.finish("cun", case_id, "appraise", "appraisal", ("minutes",))
        self.finish("cun", case_id, "post_notice", "notice", ("photo",))
        self.site.go_to((self.site.now.date() - self.site.day(0)).days + 6)
        self.finish("cun", case_id, "end_notice", "notice_end")
        self.finish("xiang", case_id, "review", "township_review")
        self.finish("xian", case_id, "approve", "county_approval", manner="natural")
        self.finish("xiang", case_id, "announce", "announcement", ("photo",))
        self.finish("cun", case_id, "tell_household", "household_told")
        self.finish("xiang", case_id, "mark", "elimination_record")
