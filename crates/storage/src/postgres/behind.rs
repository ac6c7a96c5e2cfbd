//! Writes that wait for others of their kind, so that a batch of a thousand objects is a few statements over arrays and
//! not thousands of round trips.
//!
//! **Invariant:** writes of one table are done in the order they were asked for, but for those of one statement, which
//! are one write; nothing is asked of a table while a write to it waits.

use super::session::Session;
use super::translate::translate;
use crate::sql::{Result, Value, ValueRef};
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::{Arc, LazyLock, Mutex};

/// Rows that wait at most.
const MOST_ROWS: usize = 20_000;
/// Bytes of texts that wait at most.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Statements whose form is remembered; they are those of our own code, so that there are few.
const MOST_PLANS: usize = 500;

/// A statement that can be run over arrays: it concerns one table, and asks no other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The table that it changes.
    pub(super) table: String,
    /// As it is run for one row.
    pub(super) single: String,
    /// As it is run for many, with `{}` where the arrays stand.
    many: String,
    /// Whether a row may stand in the arrays once only: an update changes a row once.
    once: bool,
}

impl Plan {
    /// None where the statement must be run by itself.
    fn of(sql: &str) -> Option<Self> {
        if sql.contains("SELECT") || sql.contains("DO UPDATE") || !sql.contains("?1") {
            return None;
        }
        let words: Vec<&str> = sql.split([' ', '(', '\n']).filter(|word| !word.is_empty()).collect();
        let row = names(sql);
        let (table, many, once) = match words.as_slice() {
            ["INSERT", "INTO", table, ..] => {
                let (head, tail) = row.split_once(" VALUES (")?;
                let (values, rest) = tail.rsplit_once(')')?;
                ((*table).to_owned(), format!("{head} SELECT {values} FROM {{}}{rest}"), false)
            }
            ["DELETE", "FROM", table, "WHERE", ..] => {
                let (head, condition) = row.split_once(" WHERE ")?;
                ((*table).to_owned(), format!("{head} USING {{}} WHERE {condition}"), false)
            }
            ["UPDATE", table, "SET", ..] => {
                let (head, condition) = row.rsplit_once(" WHERE ")?;
                // Of a row that stands in the arrays twice one of the two would be done.
                if !condition.ends_with(" = p1") || condition.contains("AND") {
                    return None;
                }
                ((*table).to_owned(), format!("{head} FROM {{}} WHERE {condition}"), true)
            }
            _ => return None,
        };
        Some(Self { table, single: translate(sql), many, once })
    }

    /// The form of a statement.
    pub(super) fn known(sql: &str) -> Option<Arc<Self>> {
        static PLANS: LazyLock<Mutex<HashMap<String, Option<Arc<Plan>>>>> = LazyLock::new(Mutex::default);
        let Ok(mut plans) = PLANS.lock() else { return None };
        if let Some(plan) = plans.get(sql) {
            return plan.clone();
        }
        if plans.len() >= MOST_PLANS {
            plans.clear();
        }
        let plan = Self::of(sql).map(Arc::new);
        plans.insert(sql.to_owned(), plan.clone());
        plan
    }

    /// The statement over arrays of these types; `returning` a column where one is named.
    pub(super) fn over(&self, types: &[&str], returning: Option<&str>) -> String {
        let arrays: Vec<String> =
            types.iter().enumerate().map(|(at, name)| format!("${}::{name}[]", at + 1)).collect();
        let names: Vec<String> = (1..=types.len()).map(|at| format!("p{at}")).collect();
        let rows = format!("unnest({}) AS p ({})", arrays.join(", "), names.join(", "));
        let sql = self.many.replacen("{}", &rows, 1);
        match returning {
            Some(column) => format!("{sql} RETURNING {}.{column}", self.table),
            None => sql,
        }
    }
}

/// `?1` becomes `p1`, a column of the arrays.
fn names(sql: &str) -> String {
    sql.replace('?', "p")
}

/// Rows for one statement.
pub(super) struct Group {
    pub(super) plan: Arc<Plan>,
    /// By parameter.
    pub(super) columns: Vec<Vec<Value>>,
    keys: HashSet<Value>,
}

/// Writes that wait, in the order in which they are to be done.
#[derive(Default)]
pub(super) struct Behind {
    groups: Vec<Group>,
    rows: usize,
    bytes: usize,
}

/// What became of a write.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It waits.
    Yes,
    /// It waits, and enough do.
    Full,
    /// It is to be done by itself, after those that wait.
    No,
}

impl Behind {
    /// Takes a write.
    pub(super) fn keep(&mut self, sql: &str, values: &[ValueRef<'_>]) -> Kept {
        let Some(plan) = Plan::known(sql) else { return Kept::No };
        let key: Option<Value> = if plan.once { values.first().map(|value| (*value).into()) } else { None };
        let same =
            self.groups.iter_mut().rev().find(|group| group.plan.table == plan.table).filter(|group| {
                group.plan == plan && key.as_ref().is_none_or(|key| !group.keys.contains(key))
            });
        let group = match same {
            Some(group) => group,
            None => {
                self.groups.push(Group {
                    plan,
                    columns: vec![Vec::new(); values.len()],
                    keys: HashSet::new(),
                });
                match self.groups.last_mut() {
                    Some(group) => group,
                    None => return Kept::No,
                }
            }
        };
        for (column, value) in group.columns.iter_mut().zip(values) {
            self.bytes += match value {
                ValueRef::Text(text) => text.len(),
                ValueRef::Blob(bytes) => bytes.len(),
                ValueRef::Null | ValueRef::Integer(_) => 0,
            };
            column.push((*value).into());
        }
        group.keys.extend(key);
        self.rows += 1;
        if self.rows >= MOST_ROWS || self.bytes >= MOST_BYTES { Kept::Full } else { Kept::Yes }
    }

    /// Whether a statement may ask of what still waits.
    pub(super) fn concerns(&self, sql: &str) -> bool {
        self.groups.iter().any(|group| sql.contains(group.plan.table.as_str()))
    }

    /// How many rows wait.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Does all of it.
    pub(super) fn write(self, session: &Session) -> Result<()> {
        if self.groups.is_empty() { Ok(()) } else { session.write_groups(&self.groups) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(sql: &str, types: &[&str]) -> Option<String> {
        Plan::of(sql).map(|plan| plan.over(types, None))
    }

    #[test]
    fn statements_over_arrays() {
        assert_eq!(
            over("INSERT INTO body (oid, body, held) VALUES (?1, ?2, NULL)", &["int8", "jsonb"]).unwrap(),
            "INSERT INTO body (oid, body, held) SELECT p1, p2, NULL FROM unnest($1::int8[], $2::jsonb[]) AS p (p1, p2)"
        );
        assert_eq!(
            over("INSERT INTO word (word, oid) VALUES (?1, ?2) ON CONFLICT DO NOTHING", &["text", "int8"])
                .unwrap(),
            "INSERT INTO word (word, oid) SELECT p1, p2 FROM unnest($1::text[], $2::int8[]) AS p (p1, p2) \
             ON CONFLICT DO NOTHING"
        );
        assert_eq!(
            over("DELETE FROM claim WHERE key = ?2 AND oid = ?1", &["int8", "text"]).unwrap(),
            "DELETE FROM claim USING unnest($1::int8[], $2::text[]) AS p (p1, p2) WHERE key = p2 AND oid = p1"
        );
        assert_eq!(
            over("UPDATE object SET version = version + 1, last_sync = ?2 WHERE oid = ?1", &["int8", "int8"])
                .unwrap(),
            "UPDATE object SET version = version + 1, last_sync = p2 FROM \
             unnest($1::int8[], $2::int8[]) AS p (p1, p2) WHERE oid = p1"
        );
        for alone in [
            "DELETE FROM waiting",
            "UPDATE member SET member = ?2 WHERE member = ?1 AND grp = 1",
            "INSERT INTO counter (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = 1",
            "INSERT INTO nested (parent, child) SELECT grp, member FROM member WHERE member = ?1",
        ] {
            assert_eq!(over(alone, &[]), None, "{alone}");
        }
    }

    #[test]
    fn the_order_in_a_table_stays() {
        let mut behind = Behind::default();
        let (insert, update, other) = (
            "INSERT INTO object (oid, kind) VALUES (?1, ?2)",
            "UPDATE object SET kind = ?2 WHERE oid = ?1",
            "INSERT INTO claim (key, oid) VALUES (?1, ?2)",
        );
        let mut keep =
            |sql, row| assert_eq!(behind.keep(sql, &[ValueRef::Integer(row), ValueRef::Null]), Kept::Yes);
        keep(insert, 1);
        keep(other, 1);
        keep(insert, 2);
        keep(update, 1);
        keep(update, 2);
        // A row changes once in a statement; a later row is not made before an earlier change.
        keep(update, 1);
        keep(insert, 3);
        keep(other, 3);
        let rows: Vec<_> =
            behind.groups.iter().map(|group| (group.plan.table.as_str(), group.columns[0].len())).collect();
        assert_eq!(rows, [("object", 2), ("claim", 2), ("object", 2), ("object", 1), ("object", 1)]);
        assert!(behind.concerns("SELECT 1 FROM claim"));
        assert!(!behind.concerns("SELECT 1 FROM error"));
        assert_eq!(behind.keep("DELETE FROM waiting", &[]), Kept::No);
    }
}
