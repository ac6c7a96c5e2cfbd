//! Guided fixes, applied: what `lockstep_tenant::fixes` allows is done with the means of a batch, so that claims, links,
//! errors, counters and history follow as with any other write.
//!
//! **Invariant:** what is done is what the preview said, to the last row: it is done, compared, and taken back where it is
//! anything else.

use super::batch::{Batch, UPDATE_BODY};
use super::counters::Counter;
use super::errors;
use super::history::{self, Body, Links};
use super::rows::{Result, all, anchor, first, run, to_json};
use super::view::{SqlView, object_ref};
use crate::sql::Connection;
use lockstep_model::{ObjectRef, Property, PropertyValue, SourceAnchor, Timestamp};
use lockstep_tenant::fixes::{
    Entry, Fix, FixOutcome, FixRefusal, FixRequest, Fixes, Party, allows, name_of, value_in_conflict, without,
};
use lockstep_tenant::provision::{
    Claim, Held, Incoming, Known, MAX_RING_SEARCH, Row, Space, State, View, claims_in_force, resolve, sent_of,
};
use lockstep_tenant::{ErrorRow, HistoryOutcome};
use std::collections::{BTreeMap, BTreeSet};

/// Numbers that are tried for a sign-in name that is free.
const NAMES: u32 = 100;

/// An error, and both objects as they are now.
pub(super) struct Case {
    row: ErrorRow,
    anchor: SourceAnchor,
    /// The living object that was made of the entry.
    object: Option<Side>,
    /// The living object that holds the value.
    other: Option<Side>,
    etag: String,
    privileged: Vec<String>,
}

struct Side {
    known: Known,
    anchor: Option<SourceAnchor>,
    object: ObjectRef,
    version: i64,
}

impl Side {
    fn party(&self) -> Party {
        Party { kind: self.known.kind, sync_enabled: self.known.sync_enabled }
    }
}

impl Case {
    fn allows(&self, fix: Fix) -> bool {
        let party = |side: &Option<Side>| side.as_ref().map(Side::party);
        allows(fix, &self.row.error, party(&self.object).as_ref(), party(&self.other).as_ref())
    }

    /// The entries of the directory that claim the value.
    fn entries(&self) -> Vec<Entry> {
        if value_in_conflict(&self.row.error).is_none() || self.row.error.other.is_none() {
            return Vec::new();
        }
        let own = self.object.as_ref().is_none_or(|side| side.known.sync_enabled == Some(true));
        let own = Some((&self.row.error.object, false)).filter(|_| own);
        let other = self.other.as_ref().filter(|side| side.known.sync_enabled == Some(true));
        let other = other.map(|side| (&side.object, true));
        let entry = |(object, holds): (&ObjectRef, bool)| {
            Some(Entry { object: object.clone(), dn: object.dn.clone()?, holds })
        };
        other.into_iter().chain(own).filter_map(entry).collect()
    }
}

/// What can be looked at without writing: all but what each fix would do; and which fixes there are.
pub(super) fn look(
    connection: Connection<'_>,
    eid: i64,
    now: Timestamp,
) -> Result<Option<(Fixes, Vec<Fix>)>> {
    let batch = Batch::begin(connection, now)?;
    let Some(case) = batch.case(eid)? else { return Ok(None) };
    let offered = Fix::ALL.into_iter().filter(|fix| case.allows(*fix)).collect();
    let free_name = batch.free_name(&case)?;
    let entries = case.entries();
    Ok(Some((Fixes { error: case.row, etag: case.etag, fixes: Vec::new(), entries, free_name }, offered)))
}

/// Makes a fix of what is there now; answers its name too, to compare with what was looked at.
pub(super) fn preview(
    connection: Connection<'_>,
    eid: i64,
    (fix, actor): (Fix, String),
    now: Timestamp,
) -> Result<Option<(String, FixOutcome)>> {
    let mut batch = Batch::begin_by(connection, now, actor)?;
    let Some(case) = batch.case(eid)?.filter(|case| case.allows(fix)) else { return Ok(None) };
    let newest = history::newest(connection)?;
    if !batch.make(fix, &case)? {
        return Ok(None);
    }
    batch.finish()?;
    let outcome = outcome(connection, fix, &case, newest)?;
    Ok(Some((case.etag, outcome)))
}

/// Between the parts of a preview's name: what was looked at, then what each fix does.
const PART: char = '~';

/// The name of a preview: of its case, and of what each fix does.
pub(super) fn name(found: &Fixes) -> String {
    let mut name = found.etag.clone();
    for fix in Fix::ALL {
        name.push(PART);
        if let Some(outcome) = found.fixes.iter().find(|outcome| outcome.fix == fix) {
            name.push_str(&name_of(outcome));
        }
    }
    name
}

/// Makes a fix that was previewed. Where it is refused, the caller takes back what was written.
pub(super) fn apply(
    connection: Connection<'_>,
    eid: i64,
    request: &FixRequest,
    now: Timestamp,
) -> Result<std::result::Result<FixOutcome, FixRefusal>> {
    let mut batch = Batch::begin_by(connection, now, request.actor.clone())?;
    let Some(case) = batch.case(eid)? else { return Ok(Err(FixRefusal::Gone)) };
    let mut seen = request.etag.split(PART);
    if seen.next() != Some(case.etag.as_str()) {
        return Ok(Err(FixRefusal::Changed));
    }
    let seen = Fix::ALL.into_iter().zip(seen).find(|(fix, _)| *fix == request.fix).map(|(_, name)| name);
    if !case.allows(request.fix) {
        return Ok(Err(FixRefusal::NotOffered));
    }
    let newest = history::newest(connection)?;
    if !batch.make(request.fix, &case)? {
        return Ok(Err(FixRefusal::NotOffered));
    }
    batch.finish()?;
    let made = outcome(connection, request.fix, &case, newest)?;
    // A third object may wait for the value by now, or the rights be others.
    if seen != Some(name_of(&made).as_str()) {
        return Ok(Err(FixRefusal::Changed));
    }
    if !request.confirmed && !made.privileged.is_empty() {
        return Ok(Err(FixRefusal::Unconfirmed { why: made.privileged }));
    }
    Ok(Ok(made))
}

fn outcome(connection: Connection<'_>, fix: Fix, case: &Case, newest: i64) -> Result<FixOutcome> {
    let errors = errors::of_anchor(connection, case.anchor.as_str())?;
    let was = &case.row.error;
    let is_same = |row: &ErrorRow| {
        row.error.code == was.code && row.error.property == was.property && row.error.value == was.value
    };
    Ok(FixOutcome {
        fix,
        changes: history::since(connection, newest)?,
        cured: !errors.iter().any(is_same),
        errors,
        privileged: case.privileged.clone(),
    })
}

impl Batch<'_> {
    fn case(&self, eid: i64) -> Result<Option<Case>> {
        let Some(row) = errors::one(self.connection, eid)? else { return Ok(None) };
        let sql = "SELECT anchor, other, source FROM error WHERE eid = ?1";
        let found = first(self.connection, sql, [eid], |row| {
            let source = row.get::<Option<&[u8]>>(2)?.unwrap_or_default();
            let source: String = source.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok((row.get::<String>(0)?, row.get::<Option<Row>>(1)?, source))
        })?;
        let Some((text, other, source)) = found else { return Ok(None) };
        let object = match SqlView(self.connection).known(&text)? {
            Some(known) if row.error.object.kind.is_none_or(|kind| kind == known.kind) => {
                self.side(known.row)?
            }
            _ => None,
        };
        let other = match other {
            Some(other) => self.side(other)?,
            None => None,
        };
        let name = |side: &Option<Side>| {
            side.as_ref()
                .map_or_else(|| "-".to_owned(), |side| format!("{}v{}", side.known.row, side.version))
        };
        let etag = format!("{eid}.{}.{}.{source}", name(&object), name(&other));
        let mut privileged = Vec::new();
        for side in object.iter().chain(&other) {
            privileged.extend(self.rights_of(side)?);
        }
        Ok(Some(Case { row, anchor: anchor(text)?, object, other, etag, privileged }))
    }

    /// A living object.
    fn side(&self, row: Row) -> Result<Option<Side>> {
        let sql = "SELECT version FROM object WHERE oid = ?1 AND state = 0";
        let Some(version) = first(self.connection, sql, [row], |found| found.get(0))? else {
            return Ok(None);
        };
        let (known, anchor) = SqlView(self.connection).by_row(row)?;
        let object = object_ref(self.connection, row)?.unwrap_or_default();
        Ok(Some(Side { known, anchor, object, version }))
    }

    /// The rights that an object gives: to administer this tenant, or what is given to a group that Graph calls
    /// assignable to roles.
    fn rights_of(&self, side: &Side) -> Result<Vec<String>> {
        let (in_force, _) = SqlView(self.connection).stored(side.known.row)?;
        let names: BTreeSet<String> = [Property::UserPrincipalName, Property::Mail]
            .into_iter()
            .filter_map(|property| in_force.text(property).map(str::to_lowercase))
            .collect();
        let who = &side.object.name;
        let mut rights = Vec::new();
        for name in names {
            let sql = "SELECT 1 FROM local_user WHERE name = ?1 AND role = 'admin'";
            if first(self.connection, sql, [&name], |_| Ok(()))?.is_some() {
                rights.push(format!("{who} administers this tenant as {name}"));
            }
        }
        let sql = "SELECT m.grp FROM member m JOIN object g ON g.oid = m.grp WHERE m.member = ?1 AND g.state = 0 \
                   ORDER BY m.grp";
        let mut met: BTreeSet<Row> = BTreeSet::new();
        let mut queue = vec![side.known.row];
        while let Some(at) = queue.pop() {
            if self.is_assignable_to_roles(at)? {
                let group = object_ref(self.connection, at)?.unwrap_or_default().name;
                rights.push(if at == side.known.row {
                    format!("{who} is a group that roles are assigned to")
                } else {
                    format!("{who} is a member of {group}, which roles are assigned to")
                });
            }
            for group in all(self.connection, sql, [at], |row| row.get::<Row>(0))? {
                if met.len() < MAX_RING_SEARCH && met.insert(group) {
                    queue.push(group);
                }
            }
        }
        Ok(rights)
    }

    fn is_assignable_to_roles(&self, row: Row) -> Result<bool> {
        Ok(self.extra_of(row)?.get("isAssignableToRole") == Some(&serde_json::Value::Bool(true)))
    }

    /// A sign-in name beside the one in conflict that nobody has.
    fn free_name(&self, case: &Case) -> Result<Option<String>> {
        let Some((Property::UserPrincipalName, name)) = value_in_conflict(&case.row.error) else {
            return Ok(None);
        };
        let Some((local, domain)) = name.rsplit_once('@') else { return Ok(None) };
        for number in 2..NAMES {
            let name = format!("{local}{number}@{domain}");
            let claim = Claim { space: Space::SignInName, key: name.to_lowercase() };
            if SqlView(self.connection).holder(&claim)?.is_none() {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Makes a fix that is allowed. False where there is nothing to be done after all.
    fn make(&mut self, fix: Fix, case: &Case) -> Result<bool> {
        let Some(other) = &case.other else { return Ok(false) };
        match fix {
            Fix::MoveAnchor => self.move_anchor(case, other),
            Fix::DropValue => self.drop_value(case, other),
        }
    }

    /// The other object gets the anchor. What was made of the entry goes, and what the entry sent of it, and the groups
    /// that have it, are the other's from then on.
    fn move_anchor(&mut self, case: &Case, other: &Side) -> Result<bool> {
        let (new, row) = (&case.anchor, other.known.row);
        if other.anchor.as_ref() == Some(new) {
            return Ok(false);
        }
        let holder = SqlView(self.connection).known(new.as_str())?;
        let own = case.object.as_ref().map(|side| side.known.row);
        if holder.as_ref().is_some_and(|holder| holder.state == State::Living && Some(holder.row) != own) {
            return Ok(false);
        }
        let incoming = match &case.object {
            Some(side) => Some(self.as_sent(side, new)?),
            None => None,
        };
        if let Some(side) = &case.object {
            self.delete_object(&side.known, Some(new))?;
        }
        if let Some(old) = &other.anchor {
            self.clear_errors(old.as_str())?;
        }
        if let Some(holder) = holder {
            let sql = "UPDATE object SET anchor = NULL, sync_enabled = CASE sync_enabled WHEN 1 THEN 0 \
                       ELSE sync_enabled END, version = version + 1 WHERE oid = ?1";
            run(self.connection, sql, [holder.row])?;
            self.hand_over_groups(&holder, row, new)?;
            if holder.state == State::Expected {
                self.history_stays(holder.row)?;
                run(self.connection, "DELETE FROM object WHERE oid = ?1", [holder.row])?;
                run(self.connection, "DELETE FROM body WHERE oid = ?1", [holder.row])?;
            }
        }
        let sql = "UPDATE object SET anchor = ?2, fingerprint = NULL WHERE oid = ?1";
        run(self.connection, sql, (row, new.as_str()))?;
        self.touch(row)?;
        let before = other.anchor.as_ref().map(SourceAnchor::as_str);
        let said = Body::default().and_extra("onPremisesImmutableId", before, Some(new.as_str()));
        self.note(row, HistoryOutcome::Updated, &said)?;
        if let Some(incoming) = incoming {
            self.post(incoming, None)?;
        }
        Ok(true)
    }

    /// What the sync client sent of an object, to be sent of another. Which properties the rules left alone is not known
    /// any more: as at any match the other keeps those that were not sent. The fingerprint is not the client's, so that
    /// it sends the object again when it compares.
    fn as_sent(&self, side: &Side, anchor_of: &SourceAnchor) -> Result<Incoming> {
        let (in_force, held) = SqlView(self.connection).stored(side.known.row)?;
        let (_, manager) = self.key_and_manager_of(side.known.row)?;
        let manager = manager.map(anchor).transpose()?;
        let mut sent = sent_of(&in_force, &held);
        for property in Property::ALL {
            sent.0.entry(*property).or_insert(PropertyValue::Kept);
        }
        Ok(Incoming::new(side.known.kind, anchor_of.clone(), sent, manager))
    }

    /// The groups that have one row have another in its place. The one is not living, the other is.
    fn hand_over_groups(&mut self, from: &Known, to: Row, anchor: &SourceAnchor) -> Result<()> {
        let sql = "SELECT m.grp FROM member m JOIN object g ON g.oid = m.grp \
                   WHERE m.member = ?1 AND g.state = 0 ORDER BY m.grp";
        let groups = |row: Row| all(self.connection, sql, [row], |found| found.get::<Row>(0));
        let (left, has) = (groups(from.row)?, groups(to)?);
        for group in &left {
            let (mut added, mut gone) = (Links::default(), Links::default());
            gone.add_id(from.id);
            self.deltas.add(Counter::PendingLinks, -1);
            if has.binary_search(group).is_err() {
                added.add(anchor);
                self.deltas.add(Counter::Memberships, 1);
            }
            // Nobody could be told of one that was only expected.
            let gone = if from.state == State::Expected { Links::default() } else { gone };
            self.note(*group, HistoryOutcome::Membership, &Body::links(added, gone))?;
        }
        self.move_links(from.row, to)
    }

    /// The other object gives the value up.
    fn drop_value(&mut self, case: &Case, other: &Side) -> Result<bool> {
        let Some((property, value)) = value_in_conflict(&case.row.error) else { return Ok(false) };
        let (row, kind) = (other.known.row, other.known.kind);
        let before = SqlView(self.connection).stored(row)?.0;
        let Some(wanted) = without(&before, property, value) else { return Ok(false) };
        let mut rules = self.rules.clone();
        // A name that stays is not judged again: its domain may have gone meanwhile.
        let name = wanted.text(Property::UserPrincipalName);
        if let Some((_, domain)) = name.and_then(|name| name.rsplit_once('@')) {
            rules.verified.insert(domain.to_lowercase());
        }
        let mut view = SqlView(self.connection);
        let mut resolved = resolve(&mut view, &rules, Some(row), other.object.clone(), wanted, None)?;
        // Nobody sends these again: what is in force is what it is from now on.
        resolved.held = Held::default();
        resolved.waiting.clear();
        self.write_claims(row, &claims_in_force(kind, &before), &resolved, true)?;
        run(self.connection, UPDATE_BODY, (row, to_json(&resolved.properties)?, None::<String>))?;
        self.touch(row)?;
        let said = Body::differences(&before, &resolved.properties, (None, None), &BTreeMap::new());
        self.note(row, HistoryOutcome::Updated, &said)?;
        Ok(true)
    }
}
