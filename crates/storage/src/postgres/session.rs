//! A transaction of one tenant, as statements are run in it: from a thread that may wait.
//!
//! **Invariant:** a session begins by naming its tenant; row-level security does the rest.

use super::behind::{Behind, Group, Kept, Plan};
use super::listen::Voice;
use super::translate::translate;
use super::{PostgresError, Tenant, fault};
use crate::sql::{Bind, Fault, Numbered, Result, Value, ValueRef};
use crate::tenant::Ahead;
use deadpool_postgres::Object;
use futures_util::future::try_join_all;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use tokio::runtime::Handle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, SimpleQueryMessage};

/// Statements that a connection keeps prepared. Lists are put together, so that there may be any number of them.
const MOST_PREPARED: usize = 500;

/// An open transaction.
pub(crate) struct Session {
    // None once it is over.
    connection: Option<Object>,
    handle: Handle,
    behind: RefCell<Behind>,
    numbers: RefCell<BTreeMap<Numbered, i64>>,
    ahead: RefCell<Ahead>,
    written: Cell<usize>,
}

impl Session {
    /// Begins a transaction that reads one state of the database.
    pub(super) fn begin_reading(connection: Object, handle: Handle, tenant: Tenant) -> Result<Self> {
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lockstep.tenant = '{}'",
            tenant.0
        );
        Self::begin(connection, handle, &begin)
    }

    /// Begins a transaction that writes, once no other of this tenant does, in this process or another.
    ///
    /// # Errors
    /// [`Fault::Closed`] where the tenant is being deleted, or was: nothing is written to it any more.
    pub(super) fn begin_writing(connection: Object, handle: Handle, tenant: Tenant) -> Result<Self> {
        let mut session = Self::around(connection, handle);
        match session.begin_again(tenant) {
            Err(Fault::Closed) => {
                session.let_go("ROLLBACK");
                Err(Fault::Closed)
            }
            begun => begun.map(|()| session),
        }
    }

    /// As [`Session::begin_writing`], to delete the tenant.
    pub(super) fn begin_removing(connection: Object, handle: Handle, tenant: Tenant) -> Result<Self> {
        Self::begin(connection, handle, &writing(tenant))
    }

    /// Begins anew after a transaction that was taken back.
    pub(super) fn begin_again(&self, tenant: Tenant) -> Result<()> {
        // It is asked by who has the lock: it stays so until the transaction ends.
        let ask = "SELECT 1 AS going FROM registry WHERE tenant_id = this_tenant() AND going <> 0";
        let begin = format!("{}; {ask}", writing(tenant));
        let connection = self.connection()?;
        let answers = self.handle.block_on(connection.simple_query(&begin)).map_err(fault)?;
        let says = |answer: &SimpleQueryMessage| match answer {
            SimpleQueryMessage::Row(row) => matches!(row.try_get("going"), Ok(Some(_))),
            _ => false,
        };
        if answers.iter().any(says) { Err(Fault::Closed) } else { Ok(()) }
    }

    fn begin(connection: Object, handle: Handle, begin: &str) -> Result<Self> {
        let session = Self::around(connection, handle);
        session.script(begin)?;
        Ok(session)
    }

    fn around(connection: Object, handle: Handle) -> Self {
        if connection.statement_cache.size() > MOST_PREPARED {
            connection.statement_cache.clear();
        }
        Self {
            connection: Some(connection),
            handle,
            behind: RefCell::default(),
            numbers: RefCell::default(),
            ahead: RefCell::default(),
            written: Cell::default(),
        }
    }

    fn connection(&self) -> Result<&Object> {
        self.connection.as_ref().ok_or(Fault::Closed)
    }

    /// Statements without parameters or answers.
    pub(super) fn script(&self, sql: &str) -> Result<()> {
        let connection = self.connection()?;
        self.handle.block_on(connection.batch_execute(sql)).map_err(fault)
    }

    /// Asks, of what everything before did.
    pub(crate) fn query(&self, sql: &str, values: &[ValueRef<'_>]) -> Result<Vec<Row>> {
        if self.behind.borrow().concerns(sql) {
            self.flush()?;
        }
        let sql = translate(sql);
        let connection = self.connection()?;
        let ask = async {
            let statement = connection.prepare_cached(&sql).await?;
            connection.query(&statement, &params(values)).await
        };
        self.handle.block_on(ask).map_err(fault)
    }

    /// Runs a statement and answers how many rows it changed.
    pub(crate) fn execute(&self, sql: &str, values: &[ValueRef<'_>]) -> Result<usize> {
        // It may change any table, and what waits is older.
        self.flush()?;
        if Ahead::may_concern(sql) {
            self.know(Ahead::default());
        }
        let sql = translate(sql);
        let connection = self.connection()?;
        let ask = async {
            let statement = connection.prepare_cached(&sql).await?;
            connection.execute(&statement, &params(values)).await
        };
        let changed = self.handle.block_on(ask).map_err(fault)?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Runs a statement, now or with others of its kind.
    pub(crate) fn run(&self, sql: &str, values: &[ValueRef<'_>]) -> Result<()> {
        let kept = self.behind.borrow_mut().keep(sql, values);
        match kept {
            Kept::Yes | Kept::Full => {
                if let Some(plan) = Plan::known(sql) {
                    self.ahead.borrow_mut().written(&plan.table, values);
                }
                if kept == Kept::Full { self.flush() } else { Ok(()) }
            }
            Kept::No => self.execute(sql, values).map(drop),
        }
    }

    /// Runs a statement for many rows at once, and answers what `returning` says of those that it changed.
    pub(crate) fn run_many(&self, sql: &str, returning: &str, columns: &[Vec<Value>]) -> Result<Vec<Row>> {
        self.flush()?;
        let Some(plan) = Plan::known(sql) else {
            return Err(Fault::corrupt("a statement that cannot be run for many rows"));
        };
        let connection = self.connection()?;
        let columns: Vec<Vec<ValueRef<'_>>> =
            columns.iter().map(|column| column.iter().map(Bind::value).collect()).collect();
        let arrays: Vec<&(dyn ToSql + Sync)> =
            columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
        let ask = async {
            let single = connection.prepare_cached(&plan.single).await?;
            let types: Vec<&str> = single.params().iter().map(Type::name).collect();
            let many = connection.prepare_cached(&plan.over(&types, Some(returning))).await?;
            connection.query(&many, &arrays).await
        };
        self.handle.block_on(ask).map_err(fault)
    }

    /// Asks over arrays.
    pub(crate) fn query_arrays(&self, sql: &str, columns: &[&Vec<Value>]) -> Result<Vec<Row>> {
        self.flush()?;
        let connection = self.connection()?;
        let columns: Vec<Vec<ValueRef<'_>>> =
            columns.iter().map(|column| column.iter().map(Bind::value).collect()).collect();
        let arrays: Vec<&(dyn ToSql + Sync)> =
            columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
        let ask = async {
            let statement = connection.prepare_cached(sql).await?;
            connection.query(&statement, &arrays).await
        };
        self.handle.block_on(ask).map_err(fault)
    }

    /// What was asked ahead, if that answers.
    pub(crate) fn ahead<T>(&self, known: impl FnOnce(&Ahead) -> Option<T>) -> Option<T> {
        known(&self.ahead.borrow())
    }

    /// Takes what was asked ahead.
    pub(crate) fn know(&self, ahead: Ahead) {
        *self.ahead.borrow_mut() = ahead;
    }

    /// Writes what was kept.
    pub(crate) fn flush(&self) -> Result<()> {
        let kept = std::mem::take(&mut *self.behind.borrow_mut());
        self.written.set(self.written.get().saturating_add(kept.rows()));
        kept.write(self)
    }

    /// Runs statements over arrays, all sent before the first is answered.
    pub(super) fn write_groups(&self, groups: &[Group]) -> Result<()> {
        let connection = self.connection()?;
        let columns: Vec<Vec<Vec<ValueRef<'_>>>> = groups
            .iter()
            .map(|group| {
                group.columns.iter().map(|column| column.iter().map(Bind::value).collect()).collect()
            })
            .collect();
        let write = async {
            let mut statements = Vec::with_capacity(groups.len());
            for (group, columns) in groups.iter().zip(&columns) {
                let single = connection.prepare_cached(&group.plan.single).await?;
                // A statement for one row is at hand; one over arrays is worth its preparation from the second on.
                if columns.first().is_none_or(|column| column.len() <= 1) {
                    let row: Vec<&(dyn ToSql + Sync)> =
                        columns.iter().flatten().map(|value| value as &(dyn ToSql + Sync)).collect();
                    statements.push((single, row));
                } else {
                    let types: Vec<&str> = single.params().iter().map(Type::name).collect();
                    let many = connection.prepare_cached(&group.plan.over(&types, None)).await?;
                    statements
                        .push((many, columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect()));
                }
            }
            let sent = statements.iter().map(|(statement, values)| connection.execute(statement, values));
            try_join_all(sent).await
        };
        self.handle.block_on(write).map_err(fault).map(drop)
    }

    /// The number of the next row of a table. Only one transaction writes at a time.
    pub(crate) fn next_number(&self, table: Numbered) -> Result<i64> {
        let newest = match table {
            Numbered::Object => "SELECT coalesce(max(oid), 0) FROM object",
            Numbered::History => "SELECT coalesce(max(hid), 0) FROM history",
            Numbered::HistoryObject => {
                let rows = self.query("SELECT nextval('history_object_n')", &[])?;
                return number(&rows);
            }
        };
        let known = self.numbers.borrow().get(&table).copied();
        let next = match known {
            Some(last) => last + 1,
            None => number(&self.query(newest, &[])?)? + 1,
        };
        self.numbers.borrow_mut().insert(table, next);
        Ok(next)
    }

    /// About how many rows were written.
    pub(super) fn written(&self) -> usize {
        self.written.get()
    }

    /// Forgets what a part of the transaction did that was taken back.
    pub(super) fn forget(&self) {
        *self.behind.borrow_mut() = Behind::default();
        self.numbers.borrow_mut().clear();
        self.know(Ahead::default());
    }

    /// Ends the transaction as the job ended.
    pub(super) fn end<T>(self, result: Result<T>) -> Result<T> {
        self.end_by(result, "COMMIT")
    }

    /// Ends a transaction that wrote: other processes hear of it when it is committed.
    pub(super) fn end_saying(mut self, result: Result<()>, voice: Voice) -> Ended {
        let ready = result.and_then(|()| self.flush()).and_then(|()| self.mark());
        let mark = match ready {
            Ok(mark) => mark,
            // No COMMIT was sent, so that there will be none, whether the ROLLBACK arrives or not.
            Err(fault) => {
                self.let_go("ROLLBACK");
                return Ended::Undone(fault);
            }
        };
        let commit = format!("{}; COMMIT", voice.statement());
        match self.script(&commit) {
            Ok(()) => {
                drop(self.connection.take());
                Ended::Committed
            }
            Err(Fault::Lost(why)) => match mark {
                Some(mark) => Ended::Unheard(mark, why),
                // It had written nothing.
                None => Ended::Committed,
            },
            Err(fault) => {
                self.let_go("ROLLBACK");
                Ended::Undone(fault)
            }
        }
    }

    /// By what the transaction can be asked about later; none where it has written nothing.
    fn mark(&self) -> Result<Option<Mark>> {
        let sql =
            "SELECT pg_current_xact_id_if_assigned()::text, left(pg_walfile_name(pg_current_wal_lsn()), 8)";
        let rows = self.query(sql, &[])?;
        let row = rows.first().ok_or_else(|| Fault::corrupt("a transaction's number"))?;
        let number: Option<String> = row.try_get(0).map_err(fault)?;
        let timeline = row.try_get(1).map_err(fault)?;
        Ok(number.map(|number| Mark { number, timeline }))
    }

    /// Ends the transaction in one way or another; the connection goes back to the pool where that was heard.
    fn let_go(&mut self, end: &str) {
        if self.script(end).is_ok() {
            drop(self.connection.take());
        }
    }

    fn end_by<T>(mut self, result: Result<T>, commit: &str) -> Result<T> {
        let result = result.and_then(|value| self.flush().map(|()| value));
        let ended = self.script(if result.is_ok() { commit } else { "ROLLBACK" });
        if ended.is_ok() {
            // Back to the pool.
            drop(self.connection.take());
        }
        // The job's own error says more than that of the end.
        result.and_then(|value| ended.map(|()| value))
    }
}

/// How a transaction that wrote ended.
pub(super) enum Ended {
    Committed,
    /// Nothing of it is written.
    Undone(Fault),
    /// The connection broke after the COMMIT was sent and before its answer came.
    Unheard(Mark, Box<dyn std::error::Error + Send + Sync>),
}

/// A transaction, as PostgreSQL can be asked what became of it.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    number: String,
    /// On which history of the database: after a fail-over that lost some of it, the number may be another's.
    timeline: String,
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Committed,
    Aborted,
    InProgress,
    /// Too long ago, or on another history.
    Forgotten,
}

impl Mark {
    /// Asks on another connection.
    pub(super) async fn fate(&self, connection: &Object) -> Result<Fate> {
        let sql = "SELECT CASE WHEN left(pg_walfile_name(pg_current_wal_lsn()), 8) = $2::text \
                   THEN pg_xact_status($1::text::xid8) END";
        let row = connection.query_one(sql, &[&self.number, &self.timeline]).await.map_err(fault)?;
        Ok(match row.try_get::<_, Option<&str>>(0).map_err(fault)? {
            Some("committed") => Fate::Committed,
            Some("aborted") => Fate::Aborted,
            Some("in progress") => Fate::InProgress,
            _ => Fate::Forgotten,
        })
    }

    /// Ends its connection at the server, which may not have heard that it broke: then its fate is decided, and its lock
    /// is free. Not where it waits for a standby: it would be committed without one, and told as if it were safe.
    pub(super) async fn end(&self, connection: &Object) -> Result<()> {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE usename = current_user AND backend_xid = $1::text::xid8::xid \
                   AND wait_event IS DISTINCT FROM 'SyncRep'";
        connection.query(sql, &[&self.number]).await.map_err(fault).map(drop)
    }
}

fn writing(tenant: Tenant) -> String {
    // READ COMMITTED: each statement sees what those before committed who had the lock. Of a server that vanished in
    // the middle PostgreSQL learns late; its lock must not outlast it by long, nor this one wait for it for ever.
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lockstep.tenant = '{0}'; \
         SET LOCAL idle_in_transaction_session_timeout = '60s'; SET LOCAL lock_timeout = '20s'; \
         SELECT pg_advisory_xact_lock({1}, {0})",
        tenant.0,
        super::WRITERS
    )
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            // It ended in the middle: nobody knows where its transaction stands.
            drop(Object::take(connection));
        }
    }
}

fn number(rows: &[Row]) -> Result<i64> {
    match rows.first() {
        Some(row) => row.try_get(0).map_err(fault),
        None => Err(Fault::corrupt("a number")),
    }
}

fn params<'v>(values: &'v [ValueRef<'_>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl From<PostgresError> for Fault {
    fn from(error: PostgresError) -> Self {
        Self::Lost(Box::new(error))
    }
}
