"""What was sent, attached and issued is in the lines by its hash:
whatever is changed or deleted later is found.
"""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update

from engine.casework import audit
from engine.casework.audit import verification
from engine.casework.models import Attachment, CaseFile, LogEntry, NumberedPaper, PaperEntry, Submission
from engine.flow.history.lines import Completed
from engine.ground.tables import table
from tests.support.world import World


def _breaks(world: World) -> list[str]:
    world.session.commit()
    found = [
        f"{one.stream.split(':')[0]} {one.seq} {one.reason}" for one in verification.verify(world.session)
    ]
    world.session.rollback()
    return found


def _tried(world: World, *statements: object) -> list[str]:
    """What is found after the statements, which are taken back."""
    world.session.commit()
    for statement in statements:
        world.session.execute(statement)  # type: ignore[call-overload]
    world.session.flush()
    world.session.expire_all()
    found = [
        f"{one.stream.split(':')[0]} {one.seq} {one.reason}" for one in verification.verify(world.session)
    ]
    world.session.rollback()
    return found


@pytest.mark.duty("C5")
def test_what_was_sent_attached_or_issued_cannot_be_changed_unseen(small_world: World) -> None:
    world = small_world
    case = world.approved()
    world.finish(case, "announce", "xiang")
    assert _breaks(world) == []
    line = next(one for one in audit.history(world.session, case.id) if one.kind == "complete")
    assert isinstance(line.line, Completed)
    sent, number, seq = table(Submission), line.line.submission, line.seq
    mine = sent.c.id == number
    changed = _tried(world, update(sent).where(mine).values(data={"opinion": "suggest"}))
    assert changed == [f"case {seq} 提交的表单（编号 {number}）与当时不同"]
    gone = _tried(world, delete(sent).where(mine))
    assert gone == [f"case {seq} 提交的表单（编号 {number}）已被删除"]

    line, file = next(
        (one, one.line.files[0][0])
        for one in audit.history(world.session, case.id)
        if isinstance(one.line, Completed) and one.line.files
    )
    kept = table(Attachment)
    other = _tried(world, update(kept).where(kept.c.id == file).values(body=b"another"))
    assert other == [f"case {line.seq} 附件（编号 {file}）与当时不同"]
    assert _tried(world, delete(kept).where(kept.c.id == file)) == [
        f"case {line.seq} 附件（编号 {file}）已被删除"
    ]

    issued = world.session.scalars(select(LogEntry).where(LogEntry.kind == "issue")).one()
    paper, name = table(NumberedPaper), f"文件“{issued.data['number']}”"
    mine = paper.c.id == issued.data["paper"]
    assert _tried(world, update(paper).where(mine).values(content={})) == [
        f"papers {issued.seq} {name}与当时不同"
    ]
    assert _tried(
        world,
        delete(PaperEntry).where(PaperEntry.paper_id == issued.data["paper"]),
        delete(paper).where(mine),
    ) == [f"papers {issued.seq} {name}已被删除"]


def test_a_cut_tail_is_found_though_the_head_was_made_to_fit(small_world: World) -> None:
    world = small_world
    case = world.enter()
    world.finish(case, "verify", "cun")
    entries = audit.history(world.session, case.id)
    last = next(one for one in entries if one.kind == "complete")
    before = entries[entries.index(last) - 1]
    cut = _tried(
        world,
        delete(LogEntry).where(LogEntry.stream == f"case:{case.id}", LogEntry.seq >= last.seq),
        update(CaseFile).where(CaseFile.id == case.id).values(log_seq=before.seq, log_hash=before.hash),
    )
    assert cut == ["case 0 办结了 1 步，办理记录没有这么多"]
