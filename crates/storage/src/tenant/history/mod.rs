//! The history of objects as it is written: rows of `history` in the transaction of the change itself.
//!
//! **Invariant:** the rows of one batch follow each other, and `history_batch` names them by the first and the last.

mod ask;
mod purge;

pub(super) use ask::{newest, page, since};
pub(super) use purge::purge_some;

use super::batch::Batch;
use super::rows::{Numbered, Result, all, first, from_json, insert, kind_code, micros, run, to_json};
use crate::sql::{Connection, Record};
use lockstep_model::{
    ClientId, ErrorCode, ObjectId, ObjectKind, Properties, PropertyValue, RunId, SourceAnchor, SyncError,
};
use lockstep_tenant::history::MAX_NAMED_MEMBERS;
use lockstep_tenant::provision::Row;
use lockstep_tenant::{HistoryChange, HistoryOutcome};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The name under which a change of the manager is kept.
pub(super) const MANAGER: &str = "manager";
/// Characters of a text that are kept.
const MAX_TEXT: usize = 1_000;
/// Items of a list that are kept.
const MAX_ITEMS: usize = 100;
/// Characters of a rule that are kept.
const MAX_RULE: usize = 300;
/// Begins the name of a member that has no anchor; its id follows.
pub(super) const BY_ID: char = '\u{1}';
/// Bytes that a row takes beside its body, about: its part of the table and of the index.
const ROW_BYTES: i64 = 24;

/// Who a batch's changes are for, and which rows it has written.
#[derive(Debug, Default)]
pub(super) struct Log {
    client: Option<ClientId>,
    run: Option<RunId>,
    actor: Option<String>,
    rows: Option<(i64, i64)>,
    bytes: i64,
}

impl Log {
    pub(super) fn of(client: ClientId, run: Option<RunId>) -> Self {
        Self { client: Some(client), run, ..Self::default() }
    }

    pub(super) fn by(actor: String) -> Self {
        Self { actor: Some(actor), ..Self::default() }
    }
}

/// Members of one operation: how many, and the first by name.
pub(super) type Named = (u64, Vec<String>);

/// What is said of a change, in few letters: there may be millions.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Body {
    /// Changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    c: Vec<Change>,
    /// Codes of errors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    e: Vec<ErrorCode>,
    /// Members added: how many, and the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<Named>,
    /// Members removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<Named>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Change {
    p: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<PropertyValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    a: Option<PropertyValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<String>,
}

impl From<Change> for HistoryChange {
    fn from(change: Change) -> Self {
        Self { property: change.p, before: change.b, after: change.a, rule: change.r }
    }
}

/// Members that came or went in one operation.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) count: u64,
    named: Vec<String>,
    pub(super) nested: bool,
}

impl Links {
    pub(super) fn add(&mut self, anchor: &SourceAnchor) {
        self.count += 1;
        if self.named.len() < MAX_NAMED_MEMBERS {
            self.named.push(anchor.as_str().to_owned());
        }
    }

    /// A member without an anchor goes by its id; no anchor has a control character.
    pub(super) fn add_id(&mut self, id: ObjectId) {
        self.count += 1;
        if self.named.len() < MAX_NAMED_MEMBERS {
            self.named.push(format!("{BY_ID}{id}"));
        }
    }

    pub(super) fn join(&mut self, mut other: Self) {
        self.count += other.count;
        let room = MAX_NAMED_MEMBERS.saturating_sub(self.named.len());
        other.named.truncate(room);
        self.named.append(&mut other.named);
        self.nested |= other.nested;
    }

    fn said(self) -> Option<(u64, Vec<String>)> {
        (self.count > 0).then_some((self.count, self.named))
    }
}

impl Body {
    /// The names of what changed.
    pub(super) fn changed(&self) -> impl Iterator<Item = &str> {
        self.c.iter().map(|change| change.p.as_str())
    }

    /// Members that came, and those that went: how many, and the first by name.
    pub(super) fn members(&self) -> (Option<&Named>, Option<&Named>) {
        (self.a.as_ref(), self.d.as_ref())
    }

    pub(super) fn errors(mut self, errors: &[SyncError]) -> Self {
        self.e = errors.iter().map(|error| error.code).collect::<BTreeSet<_>>().into_iter().collect();
        self
    }

    pub(super) fn links(added: Links, removed: Links) -> Self {
        Self { a: added.said(), d: removed.said(), ..Self::default() }
    }

    /// What differs between two states of an object, with the flows that gave the new values.
    /// Adds changes of what an object holds beside its properties.
    pub(super) fn and_extra(mut self, name: &str, before: Option<&str>, after: Option<&str>) -> Self {
        let text = |value: Option<&str>| value.map(|value| PropertyValue::Text(cut(value, MAX_TEXT)));
        if before != after {
            self.c.push(Change { p: name.to_owned(), b: text(before), a: text(after), r: None });
        }
        self
    }

    pub(super) fn differences(
        before: &Properties,
        after: &Properties,
        managers: (Option<&str>, Option<&str>),
        flows: &BTreeMap<String, String>,
    ) -> Self {
        let rule = |name: &str| flows.get(name).map(|rule| cut(rule, MAX_RULE));
        let names: BTreeSet<_> = before.iter().chain(after.iter()).map(|(property, _)| property).collect();
        let mut changes: Vec<Change> = names
            .into_iter()
            .filter(|property| before.get(*property) != after.get(*property))
            .map(|property| Change {
                p: property.as_str().to_owned(),
                b: before.get(property).map(bounded),
                a: after.get(property).map(bounded),
                r: rule(property.as_str()),
            })
            .collect();
        if managers.0 != managers.1 {
            let text = |anchor: Option<&str>| anchor.map(|anchor| PropertyValue::Text(anchor.to_owned()));
            changes.push(Change {
                p: MANAGER.to_owned(),
                b: text(managers.0),
                a: text(managers.1),
                r: rule(MANAGER),
            });
        }
        Self { c: changes, ..Self::default() }
    }
}

fn bounded(value: &PropertyValue) -> PropertyValue {
    match value {
        PropertyValue::Flag(flag) => PropertyValue::Flag(*flag),
        PropertyValue::Kept => PropertyValue::Kept,
        PropertyValue::Text(text) => PropertyValue::Text(cut(text, MAX_TEXT)),
        PropertyValue::List(items) => {
            let mut kept: Vec<String> =
                items.iter().take(MAX_ITEMS).map(|item| cut(item, MAX_TEXT)).collect();
            if items.len() > MAX_ITEMS {
                kept.push(format!("… {} more", items.len() - MAX_ITEMS));
            }
            PropertyValue::List(kept)
        }
    }
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

pub(super) const fn code_of(outcome: HistoryOutcome) -> i64 {
    match outcome {
        HistoryOutcome::Created => 0,
        HistoryOutcome::Matched => 1,
        HistoryOutcome::Restored => 2,
        HistoryOutcome::Updated => 3,
        HistoryOutcome::Deleted => 4,
        HistoryOutcome::Refused => 5,
        HistoryOutcome::Membership => 6,
        HistoryOutcome::Recalculated => 7,
        HistoryOutcome::Purged => 8,
        HistoryOutcome::ErrorIgnored => 9,
        HistoryOutcome::ErrorShown => 10,
    }
}

impl Batch<'_> {
    /// Keeps one row.
    pub(super) fn note(&mut self, row: Row, outcome: HistoryOutcome, body: &Body) -> Result<()> {
        let text = if *body == Body::default() { None } else { Some(to_json(body)?) };
        let sql = "INSERT INTO history (hid, oid, what, body) VALUES (?1, ?2, ?3, ?4)";
        let hid = insert(self.connection, Numbered::History, sql, (row, code_of(outcome), &text))?;
        self.log.rows = Some((self.log.rows.map_or(hid, |(first, _)| first), hid));
        let length = text.map_or(0, |text| i64::try_from(text.len()).unwrap_or(i64::MAX));
        self.log.bytes = self.log.bytes.saturating_add(length).saturating_add(ROW_BYTES);
        Ok(())
    }

    /// An object was refused. It is sent again and again until someone corrects it: only the first time is kept, and
    /// any time its errors are others.
    pub(super) fn note_refused(
        &mut self,
        kind: ObjectKind,
        anchor: &SourceAnchor,
        name: &str,
        errors: &[SyncError],
    ) -> Result<()> {
        let sql = "SELECT oid FROM object WHERE anchor = ?1 AND kind = ?2 AND state <> 2";
        let known = first(self.connection, sql, (anchor.as_str(), kind_code(kind)), |row| row.get(0))?;
        let row: Row = match known {
            Some(row) => row,
            None => -self.without_row(kind, anchor.as_str(), name)?,
        };
        let body = Body::default().errors(errors);
        let sql = "SELECT what, body FROM history WHERE oid = ?1 ORDER BY hid DESC LIMIT 1";
        let last = first(self.connection, sql, [row], |found| {
            Ok((found.get::<i64>(0)?, found.get::<Option<String>>(1)?))
        })?;
        if let Some((what, text)) = last
            && what == code_of(HistoryOutcome::Refused)
            && text.map(|text| from_json::<Body>(&text, "a row of history")).transpose()?.unwrap_or_default()
                == body
        {
            return Ok(());
        }
        self.note(row, HistoryOutcome::Refused, &body)
    }

    /// An error of an object is ignored or shown again. One whose object nobody knows the kind of has no history.
    pub(super) fn note_error(
        &mut self,
        anchor: &str,
        outcome: HistoryOutcome,
        error: &SyncError,
    ) -> Result<()> {
        let sql = "SELECT oid, kind FROM object WHERE anchor = ?1 AND state <> 2";
        let known =
            first(self.connection, sql, [anchor], |row| Ok((row.get::<Row>(0)?, row.get::<i64>(1)?)))?;
        let row = match (known, error.object.kind) {
            (Some((row, kind)), wanted) if wanted.is_none_or(|wanted| kind_code(wanted) == kind) => row,
            (_, Some(kind)) => -self.without_row(kind, anchor, &error.object.name)?,
            (_, None) => return Ok(()),
        };
        let pieces = [Some(error.code.as_str()), error.property.as_deref(), error.value.as_deref()];
        let text = pieces.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let (before, after) = match outcome {
            HistoryOutcome::ErrorIgnored => (None, Some(text.as_str())),
            _ => (Some(text.as_str()), None),
        };
        let body = Body::default().errors(std::slice::from_ref(error)).and_extra("ignored", before, after);
        self.note(row, outcome, &body)
    }

    /// The number of an object that has no row in the directory.
    fn without_row(&self, kind: ObjectKind, anchor: &str, name: &str) -> Result<i64> {
        let sql = "SELECT n FROM history_object WHERE anchor = ?1 AND kind = ?2 AND id IS NULL";
        if let Some(n) = first(self.connection, sql, (anchor, kind_code(kind)), |row| row.get(0))? {
            run(self.connection, "UPDATE history_object SET name = ?2 WHERE n = ?1", (n, name))?;
            return Ok(n);
        }
        let sql = "INSERT INTO history_object (n, kind, anchor, name) VALUES (?1, ?2, ?3, ?4)";
        insert(self.connection, Numbered::HistoryObject, sql, (kind_code(kind), anchor, name))
    }

    /// The row of an object is about to go for good, and its number may be another's one day: its history keeps what
    /// is known of it.
    pub(super) fn history_stays(&self, row: Row) -> Result<()> {
        let sql = "SELECT 1 FROM history WHERE oid = ?1 LIMIT 1";
        if first(self.connection, sql, [row], |_| Ok(()))?.is_none() {
            return Ok(());
        }
        let sql = "INSERT INTO history_object (n, id, kind, anchor, name) SELECT ?1, o.id, o.kind, o.anchor, \
                   coalesce(b.body ->> 'displayName', o.anchor, '') \
                   FROM object o LEFT JOIN body b ON b.oid = o.oid WHERE o.oid = ?2";
        let n = insert(self.connection, Numbered::HistoryObject, sql, [row])?;
        run(self.connection, "UPDATE history SET oid = ?2 WHERE oid = ?1", (row, -n))?;
        Ok(())
    }

    /// Writes whose rows they are.
    pub(super) fn finish_history(&mut self) -> Result<()> {
        let Some((first, last)) = self.log.rows.take() else { return Ok(()) };
        let sql = "INSERT INTO history_batch (first, last, at, client, run, bytes, actor) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let client = self.log.client.as_ref().map(|client| client.0.as_bytes().as_slice());
        let of_run = self.log.run.as_ref().map(|id| id.0.as_bytes().as_slice());
        run(
            self.connection,
            sql,
            (first, last, micros(self.now), client, of_run, self.log.bytes, &self.log.actor),
        )?;
        self.log.bytes = 0;
        Ok(())
    }
}

/// Rows of objects that a text names: their id, anchor, sign-in name or address. Empty where none is known.
fn rows_named(connection: Connection<'_>, text: &str) -> Result<Vec<Row>> {
    let number = |row: &Record<'_>| row.get::<Row>(0);
    let mut found: Vec<Row> = Vec::new();
    if let Ok(id) = text.parse::<lockstep_model::ObjectId>() {
        let bytes = id.0.as_bytes().as_slice();
        found.extend(all(connection, "SELECT oid FROM object WHERE id = ?1", [bytes], number)?);
        found.extend(all(connection, "SELECT -n FROM history_object WHERE id = ?1", [bytes], number)?);
    }
    if found.is_empty() {
        let sql = "SELECT oid FROM object WHERE anchor = ?1 AND state <> 2";
        found.extend(all(connection, sql, [text], number)?);
        found.extend(all(connection, "SELECT -n FROM history_object WHERE anchor = ?1", [text], number)?);
    }
    let key = text.to_lowercase();
    if found.is_empty() {
        let sql = "SELECT oid FROM claim WHERE space = 0 AND key = ?1 \
                   UNION SELECT oid FROM claim WHERE space = 1 AND key = ?2";
        found.extend(all(connection, sql, (&key, format!("smtp:{key}")), number)?);
    }
    if found.is_empty() {
        // One that was deleted holds no value any more.
        let sql = "SELECT o.oid FROM object o JOIN body b ON b.oid = o.oid WHERE o.state = 1 AND \
                   (fold(b.body ->> 'userPrincipalName') = ?1 \
                   OR fold(b.body ->> 'mail') = ?1) ORDER BY o.deleted_at DESC LIMIT 20";
        found.extend(all(connection, sql, [&key], number)?);
    }
    // What was refused before the object was made is its history too.
    let mut also = Vec::new();
    for row in found.iter().filter(|row| **row > 0) {
        let sql = "SELECT -n FROM history_object h JOIN object o ON o.anchor = h.anchor AND o.kind = h.kind \
                   WHERE o.oid = ?1 AND h.id IS NULL";
        also.extend(all(connection, sql, [row], number)?);
    }
    found.extend(also);
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::Property;

    #[test]
    fn only_what_changed_is_kept_and_not_too_much_of_it() {
        let (mut before, mut after) = (Properties::new(), Properties::new());
        before.set_text(Property::City, "Zug");
        after.set_text(Property::City, "Zug");
        before.set_text(Property::Department, "A");
        after.set_text(Property::JobTitle, "x".repeat(2_000));
        after.set_list(Property::BusinessPhones, (0..150).map(|n| n.to_string()).collect());
        let flows = BTreeMap::from([("jobTitle".to_owned(), "jobTitle <- title".to_owned())]);
        let body = Body::differences(&before, &after, (None, Some("boss")), &flows);
        let names: Vec<_> = body.c.iter().map(|change| change.p.as_str()).collect();
        assert_eq!(names, ["businessPhones", "department", "jobTitle", "manager"]);
        let [phones, department, title, manager] = body.c.as_slice() else { panic!() };
        assert!(matches!(&phones.a, Some(PropertyValue::List(items)) if items.len() == 101));
        assert_eq!((&department.b, &department.a), (&Some(PropertyValue::Text("A".into())), &None));
        assert_eq!(title.r.as_deref(), Some("jobTitle <- title"));
        assert!(matches!(&title.a, Some(PropertyValue::Text(text)) if text.chars().count() == 1_001));
        assert_eq!(manager.a, Some(PropertyValue::Text("boss".into())));
        let text = to_json(&body).unwrap();
        assert_eq!(from_json::<Body>(&text, "x").unwrap(), body);
    }
}
