//! What the tenant's statements are run on: a transaction of SQLite or of PostgreSQL, with one way to bind values and
//! to read columns. The statements are written in what both databases understand, with SQLite's `?1`; where they
//! differ the text is made by [`Dialect`].
//!
//! **Invariant:** nothing here knows a table.

mod dialect;
mod fault;
mod value;

pub(crate) use dialect::Dialect;
pub(crate) use fault::{Fault, Result};
pub(crate) use value::{Bind, Params, Record, Value, ValueRef};

use crate::postgres::Session;
use crate::tenant::Ahead;
use rusqlite::CachedStatement;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// A transaction that statements are run in.
#[derive(Clone, Copy)]
pub(crate) enum Connection<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c Session),
}

/// Tables whose rows are numbered in the order of their making.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Numbered {
    Object,
    History,
    /// Its numbers are never given twice.
    HistoryObject,
}

impl Connection<'_> {
    /// What was asked ahead, if that answers.
    pub(crate) fn ahead<T>(self, known: impl FnOnce(&Ahead) -> Option<T>) -> Option<T> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(session) => session.ahead(known),
        }
    }

    pub(crate) const fn dialect(self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }
}

/// The first row, if there is one.
pub(crate) fn first<T>(
    connection: Connection<'_>,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Record<'_>) -> Result<T>,
) -> Result<Option<T>> {
    match connection {
        Connection::Sqlite(connection) => {
            let mut statement = connection.prepare_cached(sql)?;
            bind(&mut statement, 1, &params)?;
            let mut rows = statement.raw_query();
            rows.next()?.map(|row| read(&Record::Sqlite(row))).transpose()
        }
        Connection::Postgres(session) => {
            let rows = params.with(|values| session.query(sql, values))?;
            rows.first().map(|row| read(&Record::Postgres(row))).transpose()
        }
    }
}

/// All rows.
pub(crate) fn all<T>(
    connection: Connection<'_>,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Record<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut found = Vec::new();
    each(connection, sql, params, |row| {
        found.push(read(row)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Row after row, until the reader has enough.
pub(crate) fn each(
    connection: Connection<'_>,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Record<'_>) -> Result<ControlFlow<()>>,
) -> Result<()> {
    match connection {
        Connection::Sqlite(connection) => {
            let mut statement = connection.prepare_cached(sql)?;
            bind(&mut statement, 1, &params)?;
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                if read(&Record::Sqlite(row))?.is_break() {
                    break;
                }
            }
        }
        Connection::Postgres(session) => {
            for row in &params.with(|values| session.query(sql, values))? {
                if read(&Record::Postgres(row))?.is_break() {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Runs a statement. How many rows it changes is nobody's concern, so that it may wait for others of its kind; what is
/// asked afterwards sees what it did.
pub(crate) fn run(connection: Connection<'_>, sql: &str, params: impl Params) -> Result<()> {
    match connection {
        Connection::Sqlite(_) => run_counted(connection, sql, params).map(drop),
        Connection::Postgres(session) => params.with(|values| session.run(sql, values)),
    }
}

/// Runs a statement and answers how many rows changed.
pub(crate) fn run_counted(connection: Connection<'_>, sql: &str, params: impl Params) -> Result<usize> {
    match connection {
        Connection::Sqlite(connection) => {
            let mut statement: CachedStatement<'_> = connection.prepare_cached(sql)?;
            bind(&mut statement, 1, &params)?;
            Ok(statement.raw_execute()?)
        }
        Connection::Postgres(session) => params.with(|values| session.execute(sql, values)),
    }
}

/// Inserts a row of a numbered table and answers its number. It is `?1` of the statement; `params` begin with `?2`.
pub(crate) fn insert(
    connection: Connection<'_>,
    table: Numbered,
    sql: &str,
    params: impl Params,
) -> Result<i64> {
    match connection {
        Connection::Sqlite(connection) => {
            let mut statement: CachedStatement<'_> = connection.prepare_cached(sql)?;
            // SQLite gives the number itself where there is none.
            statement.raw_bind_parameter(1, ValueRef::Null)?;
            bind(&mut statement, 2, &params)?;
            statement.raw_execute()?;
            Ok(connection.last_insert_rowid())
        }
        Connection::Postgres(session) => {
            let number = session.next_number(table)?;
            params.with(|values| {
                let mut all = Vec::with_capacity(values.len() + 1);
                all.push(ValueRef::Integer(number));
                all.extend_from_slice(values);
                session.run(sql, &all)
            })?;
            Ok(number)
        }
    }
}

/// Runs a statement for each of many pairs, all of one table. Answers for each whether a row changed; `second` is the
/// column that the second of a pair stands for, and no pair comes twice.
pub(crate) fn run_each(
    connection: Connection<'_>,
    sql: &str,
    second: &str,
    pairs: &[(i64, i64)],
) -> Result<Vec<bool>> {
    match connection {
        Connection::Sqlite(_) => {
            pairs.iter().map(|pair| Ok(run_counted(connection, sql, *pair)? > 0)).collect()
        }
        Connection::Postgres(session) => {
            let columns = [
                pairs.iter().map(|(first, _)| Value::Integer(*first)).collect(),
                pairs.iter().map(|(_, second)| Value::Integer(*second)).collect(),
            ];
            let mut changed = BTreeSet::new();
            for row in session.run_many(sql, second, &columns)? {
                changed.insert(Record::Postgres(&row).get::<i64>(0)?);
            }
            Ok(pairs.iter().map(|(_, second)| changed.contains(second)).collect())
        }
    }
}

fn bind(statement: &mut CachedStatement<'_>, from: usize, params: &impl Params) -> Result<()> {
    params.with(|values| {
        for (at, value) in values.iter().enumerate() {
            statement.raw_bind_parameter(from + at, *value)?;
        }
        Ok(())
    })
}
