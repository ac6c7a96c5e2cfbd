//! The history as it is asked for: newest first, page by page.
//!
//! What can be found by an index is: an object, a run, a time. The rest is looked for among the rows that are left,
//! of which one page looks at [`SCAN`] at most.

use super::{BY_ID, Body, code_of, rows_named};
use crate::sql::{Connection, Dialect, Fault, Value, each};
use crate::tenant::rows::{Result, all, anchor, first, from_json, kind_of, micros, time, uuid};
use crate::tenant::token;
use lockstep_model::{ClientId, ObjectId, PropertyValue, RunId, Timestamp};
use lockstep_tenant::provision::Row;
use lockstep_tenant::{
    HistoryMember, HistoryObject, HistoryOutcome, HistoryPage, HistoryQuery, HistoryRow, Page,
};
use std::ops::ControlFlow;

/// Rows that one page looks at.
const SCAN: usize = 20_000;
/// Objects that one name may mean.
const NAMESAKES: usize = 50;

/// A page; none where the object asked for is not known.
pub(in crate::tenant) fn page(connection: Connection<'_>, query: &HistoryQuery) -> Result<HistoryPage> {
    let objects = match query.object.as_deref().map(str::trim) {
        None => None,
        Some(text) => match rows_named(connection, text)? {
            rows if rows.is_empty() => return Ok(None),
            rows => Some(rows),
        },
    };
    let empty = Page { items: Vec::new(), next: None, count: None };
    let Some((low, mut high)) = range(connection, query)? else { return Ok(Some(empty)) };
    if let Some(after) = &query.after {
        high = high.min(token::decode::<i64>(after)?.saturating_sub(1));
    }
    let top = query.top.clamp(1, 999);
    let wanted = Wanted::of(query);
    let mut params: Vec<Value> = Vec::new();
    let narrowed = wanted.any() || query.from.is_some() || query.to.is_some();
    let most = if narrowed { SCAN } else { top } + 1;
    let dialect = connection.dialect();
    let sql = statement(dialect, query.run, objects.as_deref(), (low, high), most, &mut params);
    let (mut items, mut scanned, mut next) = (Vec::new(), 0, None);
    let mut batch: Option<BatchRow> = None;
    let mut last = 0;
    each(connection, &sql, &params, |row| {
        let hid: i64 = row.get(0)?;
        if items.len() >= top || scanned >= SCAN {
            next = Some(token::encode(&last)?);
            return Ok(ControlFlow::Break(()));
        }
        (last, scanned) = (hid, scanned + 1);
        if wanted.outcome.is_some_and(|code| row.get::<i64>(2).ok() != Some(code)) {
            return Ok(ControlFlow::Continue(()));
        }
        let oid: Row = row.get(1)?;
        let body: Option<String> = row.get(3)?;
        if !wanted.text_may_match(body.as_deref()) {
            return Ok(ControlFlow::Continue(()));
        }
        let body: Body = match &body {
            Some(text) => from_json(text, "a row of history")?,
            None => Body::default(),
        };
        let mut object = None;
        if !wanted.matches(&body) {
            return Ok(ControlFlow::Continue(()));
        }
        if let Some(text) = &wanted.search
            && !in_body(&body, text)
        {
            let found = object_of(connection, oid)?;
            if !in_object(&found, text) {
                return Ok(ControlFlow::Continue(()));
            }
            object = Some(found);
        }
        let of = match batch.take().filter(|batch| batch.first <= hid && hid <= batch.last) {
            Some(batch) => batch,
            None => BatchRow::of(connection, hid)?,
        };
        let in_time = query.from.is_none_or(|from| of.at >= from) && query.to.is_none_or(|to| of.at <= to);
        if in_time {
            let object = object.map_or_else(|| object_of(connection, oid), Ok)?;
            items.push(history_row(connection, (hid, row.get(2)?), &of, object, body)?);
        }
        batch = Some(of);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Some(Page { items, next, count: None }))
}

/// The newest row; 0 where there is none.
pub(in crate::tenant) fn newest(connection: Connection<'_>) -> Result<i64> {
    let sql = "SELECT hid FROM history ORDER BY hid DESC LIMIT 1";
    Ok(first(connection, sql, (), |row| row.get(0))?.unwrap_or(0))
}

/// The rows after one, oldest first; at most 999.
pub(in crate::tenant) fn since(connection: Connection<'_>, after: i64) -> Result<Vec<HistoryRow>> {
    let sql = "SELECT hid, oid, what, body FROM history WHERE hid > ?1 ORDER BY hid LIMIT 999";
    let rows = all(connection, sql, [after], |row| {
        Ok((row.get::<i64>(0)?, row.get::<Row>(1)?, row.get::<i64>(2)?, row.get::<Option<String>>(3)?))
    })?;
    rows.into_iter()
        .map(|(hid, oid, what, body)| {
            let body = body.map(|text| from_json(&text, "a row of history")).transpose()?.unwrap_or_default();
            let batch = BatchRow::of(connection, hid)?;
            history_row(connection, (hid, what), &batch, object_of(connection, oid)?, body)
        })
        .collect()
}

/// The rows that the batches of the time asked for have; none where there are none.
fn range(connection: Connection<'_>, query: &HistoryQuery) -> Result<Option<(i64, i64)>> {
    if query.from.is_none() && query.to.is_none() {
        return Ok(Some((0, i64::MAX)));
    }
    let from = query.from.map_or(i64::MIN, micros);
    let to = query.to.map_or(i64::MAX, micros);
    // A clock that was set back makes a range wider, never wrong: each row's own time is looked at too.
    let sql = "SELECT min(first), max(last) FROM history_batch WHERE at BETWEEN ?1 AND ?2";
    let found = first(connection, sql, (from, to), |row| {
        Ok((row.get::<Option<i64>>(0)?, row.get::<Option<i64>>(1)?))
    })?;
    Ok(found.and_then(|(low, high)| low.zip(high)))
}

fn statement(
    dialect: Dialect,
    run: Option<RunId>,
    objects: Option<&[Row]>,
    (low, high): (i64, i64),
    most: usize,
    params: &mut Vec<Value>,
) -> String {
    let columns = "h.hid, h.oid, h.what, h.body";
    let join = dialect.join_in_order();
    let mut sql = match (run, objects) {
        (Some(run), None) => {
            params.push(run.0.as_bytes().to_vec().into());
            params.push(high.into());
            format!(
                "SELECT {columns} FROM history_batch b {join} history h ON h.hid BETWEEN b.first AND b.last \
                 WHERE b.run = ? AND b.first <= ? AND h.hid BETWEEN ? AND ? ORDER BY b.first DESC, h.hid DESC"
            )
        }
        (run, Some(objects)) => {
            let marks = vec!["?"; objects.len().min(NAMESAKES)].join(", ");
            params.extend(objects.iter().take(NAMESAKES).map(|row| Value::from(*row)));
            let of_run = match run {
                Some(run) => {
                    params.push(run.0.as_bytes().to_vec().into());
                    "AND EXISTS (SELECT 1 FROM history_batch b WHERE b.run = ? AND h.hid BETWEEN b.first AND b.last) "
                }
                None => "",
            };
            format!(
                "SELECT {columns} FROM history h WHERE h.oid IN ({marks}) {of_run}AND h.hid BETWEEN ? AND ? \
                 ORDER BY h.hid DESC"
            )
        }
        (None, None) => {
            format!("SELECT {columns} FROM history h WHERE h.hid BETWEEN ? AND ? ORDER BY h.hid DESC")
        }
    };
    params.push(low.into());
    params.push(high.into());
    params.push(i64::try_from(most).unwrap_or(i64::MAX).into());
    sql.push_str(" LIMIT ?");
    sql
}

/// What is looked for in the rows themselves.
struct Wanted {
    outcome: Option<i64>,
    property: Option<String>,
    rule: Option<String>,
    search: Option<String>,
}

impl Wanted {
    fn of(query: &HistoryQuery) -> Self {
        let lower = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_lowercase)
        };
        Self {
            outcome: query.outcome.map(code_of),
            property: lower(&query.property),
            rule: lower(&query.rule),
            search: lower(&query.search),
        }
    }

    /// Whether rows may be read that are not told.
    fn any(&self) -> bool {
        self.outcome.is_some() || self.property.is_some() || self.rule.is_some() || self.search.is_some()
    }

    /// Whether a row's text is worth reading: most rows of a first load have none.
    fn text_may_match(&self, text: Option<&str>) -> bool {
        text.is_some() || (self.property.is_none() && self.rule.is_none())
    }

    fn matches(&self, body: &Body) -> bool {
        let property = self.property.as_deref().is_none_or(|name| match name {
            "members" => body.a.is_some() || body.d.is_some(),
            name => body.c.iter().any(|change| change.p.eq_ignore_ascii_case(name)),
        });
        let holds = |rule: &Option<String>, text: &str| {
            rule.as_deref().is_some_and(|r| r.to_lowercase().contains(text))
        };
        property && self.rule.as_deref().is_none_or(|text| body.c.iter().any(|change| holds(&change.r, text)))
    }
}

fn in_body(body: &Body, text: &str) -> bool {
    let holds = |other: &str| other.to_lowercase().contains(text);
    let in_value = |value: &Option<PropertyValue>| match value {
        Some(PropertyValue::Text(value)) => holds(value),
        Some(PropertyValue::List(values)) => values.iter().any(|value| holds(value)),
        Some(PropertyValue::Flag(_) | PropertyValue::Kept) | None => false,
    };
    let in_links = |links: &Option<(u64, Vec<String>)>| {
        links.as_ref().is_some_and(|(_, named)| named.iter().any(|name| holds(name)))
    };
    body.c.iter().any(|change| in_value(&change.b) || in_value(&change.a))
        || body.e.iter().any(|code| holds(code.as_str()))
        || in_links(&body.a)
        || in_links(&body.d)
}

fn in_object(object: &HistoryObject, text: &str) -> bool {
    object.name.to_lowercase().contains(text)
        || object.anchor.as_ref().is_some_and(|anchor| anchor.as_str().to_lowercase().contains(text))
}

struct BatchRow {
    first: i64,
    last: i64,
    at: Timestamp,
    client: Option<ClientId>,
    run: Option<RunId>,
    actor: Option<String>,
}

impl BatchRow {
    fn of(connection: Connection<'_>, hid: i64) -> Result<Self> {
        let sql = "SELECT first, last, at, client, run, actor FROM history_batch WHERE first <= ?1 \
                   ORDER BY first DESC LIMIT 1";
        let found = first(connection, sql, [hid], |row| {
            let client = row.get::<Option<&[u8]>>(3)?;
            let run = row.get::<Option<&[u8]>>(4)?;
            Ok(Self {
                first: row.get(0)?,
                last: row.get(1)?,
                at: time(row.get(2)?)?,
                client: client.map(uuid).transpose()?.map(ClientId),
                run: run.map(uuid).transpose()?.map(RunId),
                actor: row.get(5)?,
            })
        })?;
        found.ok_or_else(|| Fault::corrupt("the batch of a row of history"))
    }
}

/// The names that an object has today.
fn object_of(connection: Connection<'_>, row: Row) -> Result<HistoryObject> {
    let (sql, number) = if row > 0 {
        let sql = "SELECT o.id, o.kind, o.anchor, coalesce(b.body ->> 'displayName', \
                   b.body ->> 'onPremisesDistinguishedName', o.anchor, '') \
                   FROM object o LEFT JOIN body b ON b.oid = o.oid WHERE o.oid = ?1";
        (sql, row)
    } else {
        ("SELECT id, kind, anchor, name FROM history_object WHERE n = ?1", row.saturating_neg())
    };
    let found = first(connection, sql, [number], |found| {
        let id = found.get::<Option<&[u8]>>(0)?;
        Ok(HistoryObject {
            id: id.map(uuid).transpose()?.map(ObjectId),
            kind: kind_of(found.get(1)?)?,
            anchor: found.get::<Option<String>>(2)?.map(anchor).transpose()?,
            name: found.get(3)?,
        })
    })?;
    found.ok_or_else(|| Fault::corrupt("the object of a row of history"))
}

fn history_row(
    connection: Connection<'_>,
    (hid, what): (i64, i64),
    batch: &BatchRow,
    object: HistoryObject,
    body: Body,
) -> Result<HistoryRow> {
    let outcome = HistoryOutcome::ALL
        .iter()
        .map(|(outcome, _)| *outcome)
        .find(|outcome| code_of(*outcome) == what)
        .ok_or_else(|| Fault::corrupt("what became of an object"))?;
    let (members_added, added) = body.a.unwrap_or_default();
    let (members_removed, removed) = body.d.unwrap_or_default();
    Ok(HistoryRow {
        id: hid,
        at: batch.at,
        run: batch.run,
        client: batch.client,
        actor: batch.actor.clone(),
        object,
        outcome,
        changes: body.c.into_iter().map(Into::into).collect(),
        errors: body.e,
        members_added,
        members_removed,
        added: members(connection, added)?,
        removed: members(connection, removed)?,
    })
}

fn members(connection: Connection<'_>, named: Vec<String>) -> Result<Vec<HistoryMember>> {
    named.into_iter().map(|text| member(connection, text)).collect()
}

fn member(connection: Connection<'_>, named: String) -> Result<HistoryMember> {
    if let Some(id) = named.strip_prefix(BY_ID) {
        let id: ObjectId = id.parse().map_err(|_| Fault::corrupt("a member in the history"))?;
        let sql = "SELECT b.body ->> 'displayName' FROM object o JOIN body b ON b.oid = o.oid \
                   WHERE o.id = ?1";
        let name = first(connection, sql, [id.0.as_bytes().as_slice()], |row| row.get(0))?.flatten();
        return Ok(HistoryMember { anchor: None, id: Some(id), name });
    }
    let anchor = anchor(named)?;
    let sql = "SELECT o.id, b.body ->> 'displayName' FROM object o LEFT JOIN body b ON b.oid = o.oid \
               WHERE o.anchor = ?1 AND o.state <> 2";
    let found = first(connection, sql, [anchor.as_str()], |row| {
        let id = uuid(row.get::<&[u8]>(0)?)?;
        Ok((ObjectId(id), row.get::<Option<String>>(1)?))
    })?;
    let (id, name) = found.map_or((None, None), |(id, name)| (Some(id), name));
    Ok(HistoryMember { anchor: Some(anchor), id, name })
}
