"""A connection to PostgreSQL on which prepared statements go several at a time.

What answers nothing - nearly all that a step writes - is kept back until something is asked or the
transaction ends, and goes with it in one pipeline: BEGIN with the first statement, the last writes with
COMMIT. The server hears all of it in the order in which it was said; so locks are taken in their one order,
and a read sees every write before it. Of a pipeline with an error in it the server does nothing further, no
COMMIT either. Whatever else uses the connection (SQLAlchemy, COPY) comes after what was kept.

Where much is written before anything is asked, it goes on its way meanwhile, and the server works on it while
we go on; what it says of it is heard with the next answer, as if it had been kept till then.

Measured, CPU of a statement that finds one row: by the driver's cursor 32 µs, here 11, and 2 for each that
goes along with it. Statements are prepared when they are first sent and stay so: the driver by itself
prepares what it has seen five times, and forgets it at every rollback.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, Self

import psycopg
from psycopg import IsolationLevel, errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, TransactionStatus

from engine.ground.database.foresight import Foresight
from engine.ground.database.wire.cursor import Cursor
from engine.ground.database.wire.orders import MOST_PREPARED, Order, Sent

MOST_KEPT = 16
"""Statements that are kept back; with one more all of them are sent on their way."""
MOST_UNANSWERED = 1000
"""Statements that are on their way; with one more the answers are fetched."""
PLAN_OUTDATED = "0A000"
"""What is said of a prepared statement whose columns have other types by now; and of some things else."""
_LAST_WORDS = (b"FATAL", b"PANIC")
"""How bad an error is with which the server ends the connection."""


def _is_goodbye(error: psycopg.Error) -> bool:
    """Whether the server said with it that it ends the connection (57P..: operator intervention)."""
    return (error.sqlstate or "").startswith("57P")


class Wire(psycopg.Connection[Any]):
    """A connection of the driver that keeps orders back.

    What begins a transaction and finds the connection ended is sent once more on another: nobody has been
    answered anything of it, and nothing of it can count without a COMMIT, or with one before which the server
    said that it ends. So a page that is asked for, or a step that is done, at the very moment at which the
    server ends its connections is answered all the same.
    """

    anew: Callable[[], Wire] | None = None
    """Another connection like this one, where there can be one."""

    def __init__(self, *more: Any, **named: Any) -> None:
        super().__init__(*more, **named)
        self.cursor_factory = Cursor
        self.foresight: Foresight | None = None
        self._kept: list[Order] = []
        self._sent: list[Sent] = []
        self._count = 0
        self._meet()

    def _meet(self) -> None:
        """Nothing is known yet of the present `pgconn`: what writes bytes down is bound to it, too."""
        self._known, self._lent = dict[bytes, bytes](), False
        self._adapter, self._poll = Transformer(self), select.poll()

    @classmethod
    def connect(cls, *more: Any, **named: Any) -> Self:
        """As the driver's; it prepares nothing itself: it would forget ours together with its own."""
        return super().connect(*more, **{**named, "prepare_threshold": None})

    # -- orders ------------------------------------------------------------------------------------

    @property
    def takes_orders(self) -> bool:
        """Whether it begins transactions as everybody does; else the driver knows better.

        SQLAlchemy leaves a level that was asked for once behind as the server's usual one, by its name.
        """
        usual = self.isolation_level in (None, IsolationLevel.READ_COMMITTED)
        return usual and not self.autocommit and self.read_only is None

    @property
    def sees_anew(self) -> bool:
        """Whether the next statement sees what is committed as it begins, whatever was read before it in this
        transaction: READ COMMITTED, PostgreSQL's own way. After an error it sees nothing any more.
        """
        return self.takes_orders and self.pgconn.transaction_status != TransactionStatus.INERROR

    def order(
        self,
        sql: bytes,
        values: Sequence[Any],
        failed: Callable[[Exception], NoReturn],
        heard: Callable[[Any], None] | None = None,
        *,
        room: int = MOST_PREPARED,
        spare: bool = False,
    ) -> Order:
        """A statement with its values as they are now."""
        wanted = [PyFormat.BINARY if type(one) is bytes else PyFormat.TEXT for one in values]
        written = self._adapter.dump_sequence(values, wanted)
        return Order(sql, written, self._adapter.formats, failed, heard, room, spare)

    def later(self, order: Order) -> None:
        """Send this before anything that is asked, and before the transaction ends."""
        self._kept.append(order)
        if len(self._kept) > MOST_KEPT and not order.spare:
            self._send_off()

    def ask(self, *orders: Order) -> list[Any]:
        """The driver's result of each of the orders, with which all that was kept is sent."""
        self._kept += orders
        found = self._together()
        return found[len(found) - len(orders) :]

    def send(self) -> None:
        """Send what was kept, and hear what became of it."""
        if self._kept or self._sent:
            self._together()

    def forget(self) -> None:
        """What was kept is taken back: whatever became of what is on its way."""
        self._kept.clear()
        if self.foresight is not None:
            self.foresight.forget()
        results: list[Any] = []
        if self._sent and self.pgconn.status == ConnStatus.OK:
            with suppress(errors.Error):
                self._exchange(results, commit=False)
                self._note_prepared(self._sent, results)
        self._sent.clear()

    def rows(self, result: Any) -> list[tuple[Any, ...]]:
        """What was found, as the driver makes it of the server's types."""
        self._adapter.set_pgresult(result)
        return self._adapter.load_rows(0, result.ntuples, tuple)

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Meanwhile the driver prepares what it runs for many rows; a rollback then forgets all."""
        self.prepare_threshold, self._lent = 5, True
        try:
            yield
        finally:
            self.prepare_threshold = None

    def lives(self) -> bool:
        """Whether the server is still there, as far as it has said: it says so when it goes, and a network
        that has gone without a word is noticed within half a minute (keepalives). Nothing is sent.
        """
        try:
            self._poll.register(self.pgconn.socket, select.POLLIN)
            while self._poll.poll(0):  # an end, or a word that nobody asked for
                self.pgconn.consume_input()
        except errors.OperationalError:
            return False
        return self.pgconn.status == ConnStatus.OK

    @property
    def begins(self) -> bool:
        """Whether what is said next begins a transaction."""
        return self.takes_orders and self.pgconn.transaction_status == TransactionStatus.IDLE

    def is_renewed_after(self, error: psycopg.Error) -> bool:
        """Whether an error was the end of the connection, and another has now taken its place."""
        if self.anew is None or (self.pgconn.status == ConnStatus.OK and not _is_goodbye(error)):
            return False
        try:
            fresh = self.anew()
        except psycopg.Error:
            return False
        fresh.pgconn.notice_handler = self.pgconn.notice_handler
        fresh.pgconn, self.pgconn = self.pgconn, fresh.pgconn
        fresh.close()
        self._prepared = fresh._prepared
        self._meet()
        return True

    def page_ends(self) -> None:
        """What was foreseen for a page that only reads is of no use after it, nor once it writes."""
        if self.foresight is None:
            return
        well = self.pgconn.transaction_status in (TransactionStatus.IDLE, TransactionStatus.INTRANS)
        if self.foresight.page_ends(well=well):
            self.foresight = None
            self._kept = [one for one in self._kept if not one.spare]

    def wrote(self, tables: Iterable[str]) -> None:
        """Something writes to these tables: what was foreseen of them counts no more."""
        self.page_ends()
        if self.foresight is not None:
            self.foresight.wrote(tables)

    # -- the driver's own way ----------------------------------------------------------------------

    def wait(self, gen: Any, *more: Any, **named: Any) -> Any:
        """Whatever the driver says by itself comes after what was kept."""
        self.send()
        return super().wait(gen, *more, **named)

    def commit(self) -> None:
        """End the transaction, with what was kept in it; it counts only when the server has said so."""
        self.page_ends()
        if self._kept or self.pgconn.transaction_status != TransactionStatus.IDLE:
            self._together(commit=True)

    def rollback(self) -> None:
        """Take back the transaction, and what was kept in it.

        With a connection that has ended, nothing of it is left: it is closed, and another replaces it.
        """
        self.page_ends()
        self.forget()
        begun = self.pgconn.transaction_status != TransactionStatus.IDLE
        try:
            super().rollback()
        except errors.OperationalError:
            self.close()
            return
        if begun and self._lent:
            self._known.clear()
            self._lent = False

    def close(self) -> None:
        """Close the connection: what was kept is lost, as the whole transaction is."""
        self._kept.clear()
        self._sent.clear()
        super().close()

    # -- a pipeline --------------------------------------------------------------------------------

    def _together(self, *, commit: bool = False, again: bool = True) -> list[Any]:
        """Send what was kept, and answer the result of each statement that is on its way."""
        begins, orders = again and self.begins, list(self._kept)
        results: list[Any] = []
        try:
            self._exchange(results, commit=commit)
        except errors.Error as error:
            ended = self._sent[len(results)].order if len(results) < len(self._sent) else None
            told = ended is not None and error.sqlstate  # the server's last word is of this statement
            self._sent.clear()
            # of what went with a COMMIT nobody knows whether it counts, but for the server's word before it
            if begins and (told or not commit) and self.is_renewed_after(error):
                self._kept = orders
                return self._together(commit=commit, again=False)
            if ended is not None and told:
                ended.failed(error)
            raise
        sent, self._sent = self._sent, []
        return self._judged(sent, results, commit)

    def _send_off(self) -> None:
        """Send what was kept on its way; what became of it is heard later.

        Only once the server has said that the transaction is begun: so nothing can be done outside it.
        """
        begun = self.pgconn.transaction_status != TransactionStatus.IDLE
        if not begun or len(self._sent) > MOST_UNANSWERED:
            self.send()
            return
        with self._whole_or_ended():
            self._send_all()
            self.pgconn.pipeline_sync()  # whoever is heard no more is given up as idle
            self._sent.append(Sent(None))
            self.pgconn.flush()  # what the network does not take now goes with the rest

    def _exchange(self, results: list[Any], *, commit: bool) -> None:
        """Send all, and fetch what comes back."""
        with self._whole_or_ended():
            self._send_all()
            if commit:
                self.pgconn.send_query_params(b"COMMIT", None)
                self._sent.append(Sent(None))
            self.pgconn.pipeline_sync()
            while len(results) < len(self._sent):
                results.append(self._result())
            self._synchronised()
            self.pgconn.exit_pipeline_mode()

    @contextmanager
    def _whole_or_ended(self) -> Iterator[None]:
        """A connection on which this broke off is of no more use: who knows what is still to come on it?"""
        whole = False
        try:
            if self.pgconn.status != ConnStatus.OK:
                raise errors.OperationalError("the connection is closed")
            yield
            whole = True
        finally:
            if not whole:  # also for Ctrl-C
                self._kept.clear()
                self.pgconn.finish()

    def _send_all(self) -> None:
        """Hand what was kept to the network, and note each message."""
        kept, self._kept = self._kept, []
        if not self._sent:
            begun = self.pgconn.transaction_status != TransactionStatus.IDLE
            self.pgconn.enter_pipeline_mode()
            if not begun:
                self.pgconn.send_query_params(b"BEGIN", None)
                self._sent.append(Sent(kept[0] if kept else None))
        for order in kept:
            self._send_one(order)

    def _send_one(self, order: Order) -> None:
        name = self._known.get(order.sql)
        if name is None and len(self._known) < order.room:
            name = self._known[order.sql] = self._name()
            self.pgconn.send_prepare(name, order.sql)
            self._sent.append(Sent(order, name))
        if name is None:
            self.pgconn.send_query_params(order.sql, order.values, None, order.formats)
        else:
            self.pgconn.send_query_prepared(name, order.values, order.formats)
        self._sent.append(Sent(order, answers=True))

    def _name(self) -> bytes:
        self._count += 1
        return f"shouwang_{self._count}".encode()

    def _result(self) -> Any:
        """The next message's result. Raises the error with which the server or the network has ended all."""
        self._arrived()
        found = self.pgconn.get_result()
        if found is None:
            raise errors.OperationalError("the connection is lost")
        if found.status == ExecStatus.PIPELINE_SYNC:
            return found
        if found.status == ExecStatus.FATAL_ERROR and (
            self.pgconn.status != ConnStatus.OK
            or found.error_field(DiagnosticField.SEVERITY_NONLOCALIZED) in _LAST_WORDS
        ):
            error = errors.error_from_result(found)
            raise error if error.sqlstate else errors.OperationalError(str(error))
        if self.pgconn.is_busy():
            self._arrived()
        self.pgconn.get_result()  # the end of it
        return found

    def _synchronised(self) -> None:
        """The server has read the whole pipeline."""
        self._arrived()
        found = self.pgconn.get_result()
        if found is None or found.status != ExecStatus.PIPELINE_SYNC:
            raise errors.OperationalError("the connection is lost")

    def _arrived(self) -> None:
        """Return when the next result is here; other threads go on meanwhile."""
        pgconn = self.pgconn
        while pgconn.is_busy():
            wanted = select.POLLIN | (select.POLLOUT if pgconn.flush() else 0)
            self._poll.register(pgconn.socket, wanted)
            self._poll.poll()
            pgconn.consume_input()

    def _judged(self, sent: Sequence[Sent], results: Sequence[Any], commit: bool) -> list[Any]:
        """The orders' results. Raises the first error, as that of the statement that it is of."""
        self._note_prepared(sent, results)
        answers = []
        for (order, _, answered), result in zip(sent, results, strict=True):
            if result.status == ExecStatus.FATAL_ERROR:
                error = errors.error_from_result(result, self.info.encoding)
                if error.sqlstate == PLAN_OUTDATED:
                    self._known.clear()
                if order is None:
                    raise error
                if order.spare:
                    return self._begun_anew(sent, commit)
                order.failed(error)
            if answered and order is not None:
                answers.append(result)
                if order.heard is not None:
                    order.heard(result)
        if commit and results[-1].command_status != b"COMMIT":
            raise errors.InFailedSqlTransaction("the transaction was rolled back")
        return answers

    def _begun_anew(self, sent: Sequence[Sent], commit: bool) -> list[Any]:
        """The server refused what was foreseen for a page, and with it the transaction, which has only read:
        all else is asked in another, as if nothing had been foreseen.
        """
        self.page_ends()
        super().rollback()
        self._kept = [one.order for one in sent if one.answers and one.order and not one.order.spare]
        return self._together(commit=commit)

    def _note_prepared(self, sent: Sequence[Sent], results: Sequence[Any]) -> None:
        """What the server did not prepare, because of an error before it, is to be prepared again."""
        for (order, name, _), result in zip(sent, results, strict=False):
            if order is not None and name is not None and result.status != ExecStatus.COMMAND_OK:
                self._known.pop(order.sql, None)
