"""A page of a long list: no sorting of a whole province, no reading past what a name begins with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Index, String, create_engine, event, or_, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from engine.casework.organisation.access import Scope, scope_of, within
from engine.ground import paging
from engine.ground.paging import COUNT_CAP, merged, page_of, whole
from engine.ground.paging.merged import each
from engine.ground.tables import begins

PROVINCE, COUNTY, VILLAGE = "410000000000", "410325000000", "410325103202"


class _Base(DeclarativeBase):
    pass


class Sheet(_Base):
    __tablename__ = "sheet"
    __table_args__ = (
        Index("ix_sheet_village_code", "village_code"),
        Index("ix_sheet_name", "name"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    village_code: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(40))


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    _Base.metadata.create_all(engine)
    with Session(engine) as session:
        many = COUNT_CAP + 200
        session.add_all(Sheet(village_code=VILLAGE, name=f"王{number:04d}") for number in range(many))
        session.add_all(Sheet(village_code="410399000000", name=name) for name in ("a%b", "a_b", "axb", "王"))
        session.flush()
        yield session


def _plans(session: Session, code: str, narrow: bool = False) -> tuple[list[int], str]:
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(_c: object, _u: object, statement: str, values: tuple[object, ...], *_: object) -> None:
        asked.append((statement, values))

    query = select(Sheet).where(within(Sheet.village_code, [Scope(code, code) if narrow else scope_of(code)]))
    event.listen(session.get_bind(), "before_cursor_execute", note)
    shown = page_of(session, query, query.order_by(Sheet.id.desc()), 1)
    event.remove(session.get_bind(), "before_cursor_execute", note)
    statement, values = asked[-1]
    explained = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    return [one.id for one in shown.items], "\n".join(row[-1] for row in explained)


def test_the_newest_of_a_province_are_read_from_the_end(session: Session) -> None:
    found, plan = _plans(session, PROVINCE)
    assert "TEMP B-TREE" not in plan
    assert found == sorted(session.scalars(select(Sheet.id)), reverse=True)[:20]


@pytest.mark.parametrize("code", [COUNTY, VILLAGE])
def test_the_newest_of_a_narrow_reach_are_found_by_its_index(session: Session, code: str) -> None:
    found, plan = _plans(session, code, code == VILLAGE)
    assert "ix_sheet_village_code" in plan
    here = select(Sheet.id).where(Sheet.village_code == VILLAGE)
    assert found == sorted(session.scalars(here), reverse=True)[:20]


@pytest.mark.parametrize("typed", ["王", "王0", "a%", "a_", "a", "%", "b", ""])
def test_what_begins_so_is_found_by_the_index(session: Session, typed: str) -> None:
    query = select(Sheet.name).where(begins(Sheet.name, typed))
    names = list(session.scalars(select(Sheet.name)))
    assert sorted(session.scalars(query)) == sorted(name for name in names if name.startswith(typed))
    compiled = query.compile(session.get_bind())
    values = [compiled.params[name] for name in compiled.positiontup or ()]
    explained = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", tuple(values))
    assert "SEARCH sheet USING COVERING INDEX ix_sheet_name" in explained.one()[-1]


@pytest.mark.parametrize("first", [3, 200, 5000])
def test_what_is_everywhere_is_counted_among_the_first_and_reached_whole(
    session: Session, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    """However few rows are looked through to count it: «57+» while the list goes on."""
    monkeypatch.setattr(paging, "LOOKED_THROUGH", first)
    query = select(Sheet).where(within(Sheet.village_code, [scope_of(PROVINCE)]))
    ordered, sought = query.order_by(Sheet.id.desc()), Sheet.name.like("王%7%")
    listed = session.scalars(ordered.where(sought)).all()
    among = session.scalars(ordered.limit(first)).all()
    page = page_of(session, query, ordered, 1, sought=sought)
    assert page.total == len([one for one in among if one in listed])
    assert page.capped == (first <= COUNT_CAP)
    seen = list(page.items)
    while page.following:
        page = page_of(session, query, ordered, paging.place_of(page.following, 10**6) or 0, sought=sought)
        seen += page.items
    assert seen == list(listed)
    assert list(whole(lambda number: page_of(session, query, ordered, number, sought=sought).items)) == seen


@pytest.mark.parametrize("narrowed", [False, True])
def test_what_meets_one_of_several_conditions_is_put_together_of_the_first_of_each(
    session: Session, narrowed: bool
) -> None:
    """Every row once, in the list's order, on pages by number, onward and back."""
    ways = [Sheet.village_code == VILLAGE, Sheet.name.in_(["王", "王0007", "axb"]), Sheet.name == "a_b"]
    ordered = select(Sheet).where(each(ways)).order_by(Sheet.id.desc())
    plain = select(Sheet).where(or_(*ways)).order_by(Sheet.id.desc())
    if narrowed:
        ordered, plain = (one.where(Sheet.name.not_like("王%3%")) for one in (ordered, plain))
    wanted = session.scalars(plain).all()
    pages = [page_of(session, plain, ordered, 1)]
    while pages[-1].following:
        number = paging.place_of(pages[-1].following, 10**6) or 0
        pages.append(page_of(session, plain, ordered, number))
    assert [one for page in pages for one in page.items] == list(wanted)
    back = page_of(session, plain, ordered, paging.place_of(pages[-1].previous, 10**6) or 0)
    assert back.items == pages[-2].items
    assert page_of(session, plain, ordered, 7).items == pages[6].items
    assert list(whole(lambda number: page_of(session, plain, ordered, number).items)) == list(wanted)


@pytest.mark.parametrize("many", [merged.MOST - 1, merged.MOST, merged.MOST + 1, 700])
def test_so_many_conditions_as_somebody_has_desks_are_one_list(session: Session, many: int) -> None:
    """SQLite puts at most 500 together."""
    ways = [Sheet.name == f"王{number:04d}" for number in range(many)]
    ordered = select(Sheet).where(each(ways)).order_by(Sheet.id.desc())
    wanted = session.scalars(select(Sheet).where(or_(*ways)).order_by(Sheet.id.desc()).limit(paging.PAGE))
    assert page_of(session, ordered, ordered, 1).items == list(wanted)


def test_one_condition_alone_is_as_it_is(session: Session) -> None:
    ordered = select(Sheet).where(each([Sheet.name == "王"])).order_by(Sheet.id)
    assert [one.name for one in page_of(session, ordered, ordered, 1).items] == ["王"]


def test_postgresql_is_asked_for_a_pattern() -> None:
    compiled = (
        select(Sheet.id).where(begins(Sheet.name, "a%/")).compile(create_engine("postgresql+psycopg://"))
    )
    assert "LIKE" in str(compiled)
    assert "a/%//%" in compiled.params.values()
