//! Objects that the cloud itself writes, applied: what the decisions of `lockstep_tenant::directory` ask is loaded,
//! and what they answer is written, with claims, words, counters, links and history.
//!
//! **Invariant:** all that can refuse a write is asked before the first row is written.

use super::batch::Batch;
use super::counters::Counter;
use super::history::{Body, Links};
use super::rows::{Result, all, first, from_json, kind_of, object_id, run, to_json};
use super::view::{SqlView, state_of};
use crate::sql::Connection;
use lockstep_model::{ObjectId, ObjectKind, Property, Timestamp};
use lockstep_tenant::directory::{
    Decided, DirectoryOperation, DirectoryRefusal, DirectoryWrite, DirectoryWritten, LinkEnd, LinkName,
    MAX_OWNERS, MemberChanges, ObjectChanges, Subject, check_links, check_manager, check_owners,
    decide_create, decide_restore, decide_update, may_change, merge_extra,
};
use lockstep_tenant::provision::{Row, State, View, name_key};
use lockstep_tenant::{HistoryOutcome, StoredObject};
use std::collections::{BTreeMap, BTreeSet};

type Answer<T> = Result<std::result::Result<T, Box<DirectoryRefusal>>>;

/// Leaves a function with a refusal; nothing was written.
macro_rules! refused {
    ($answer:expr) => {
        match $answer {
            Ok(value) => value,
            Err(refusal) => return Ok(Err(refusal.into())),
        }
    };
}

/// Executes one write.
pub(super) fn write(
    connection: Connection<'_>,
    write: DirectoryWrite,
    now: Timestamp,
) -> Answer<DirectoryWritten> {
    let mut batch = Batch::begin_by(connection, now, write.actor)?;
    let (object, changed) = refused!(batch.directory(write.operation)?);
    batch.finish()?;
    let object = match object {
        Shown::Now(id) => stored(connection, id)?,
        Shown::Before(object) => *object,
    };
    Ok(Ok(DirectoryWritten { object, changed }))
}

/// What the caller is shown.
enum Shown {
    Now(ObjectId),
    Before(Box<StoredObject>),
}

fn stored(connection: Connection<'_>, id: ObjectId) -> Result<StoredObject> {
    super::objects::by_id(connection, id)?
        .ok_or_else(|| crate::sql::Fault::corrupt("an object that was just written"))
}

/// The members that come and go, looked up.
#[derive(Default)]
struct Members {
    add: Vec<(Row, ObjectKind)>,
    remove: Vec<(Row, ObjectKind)>,
}

/// The object's links and other columns, looked up and judged.
struct Rest {
    manager: Option<Option<Row>>,
    extra: BTreeMap<String, serde_json::Value>,
    members: Members,
    owners: Owners,
}

/// The owners of a group that come and go, looked up.
#[derive(Default)]
struct Owners {
    add: Vec<Row>,
    remove: Vec<Row>,
}

impl Batch<'_> {
    fn directory(&mut self, operation: DirectoryOperation) -> Answer<(Shown, bool)> {
        let id = match &operation {
            DirectoryOperation::Create { kind, changes } => return self.create(*kind, changes),
            DirectoryOperation::Update { id, .. }
            | DirectoryOperation::Delete { id, .. }
            | DirectoryOperation::Restore { id, .. }
            | DirectoryOperation::Purge { id } => *id,
        };
        let wants = match operation {
            DirectoryOperation::Restore { .. } | DirectoryOperation::Purge { .. } => State::Deleted,
            _ => State::Living,
        };
        let subject = match self.subject(id)? {
            Some(subject) if subject.known.state == wants => subject,
            _ => return Ok(Err(Box::new(DirectoryRefusal::NotFound { id }))),
        };
        refused!(may_change(&subject, &operation));
        match operation {
            DirectoryOperation::Create { .. } => Ok(Err(Box::new(DirectoryRefusal::NotFound { id }))),
            DirectoryOperation::Update { changes, .. } => self.update(&subject, &changes),
            DirectoryOperation::Delete { .. } => {
                self.delete_object(&subject.known, subject.anchor.as_ref())?;
                Ok(Ok((Shown::Now(id), true)))
            }
            DirectoryOperation::Restore { sign_in_name, drop_conflicting_addresses, .. } => {
                self.restore(&subject, sign_in_name.as_deref(), drop_conflicting_addresses)
            }
            DirectoryOperation::Purge { .. } => {
                let object = stored(self.connection, id)?;
                self.note(subject.known.row, HistoryOutcome::Purged, &Body::default())?;
                self.note_gone_from_groups(subject.known.row, id)?;
                let anchor = subject.anchor.as_ref().map(|anchor| anchor.as_str());
                self.purge_object(subject.known.row, subject.known.kind, anchor)?;
                self.deltas.add(Counter::Deleted, -1);
                Ok(Ok((Shown::Before(Box::new(object)), true)))
            }
        }
    }

    fn subject(&self, id: ObjectId) -> Result<Option<Subject>> {
        let sql = "SELECT oid, version FROM object WHERE id = ?1 AND state <> 2";
        let found = first(self.connection, sql, [id.0.as_bytes().as_slice()], |row| {
            Ok((row.get::<Row>(0)?, row.get::<i64>(1)?))
        })?;
        let Some((row, version)) = found else { return Ok(None) };
        let mut view = SqlView(self.connection);
        let (known, anchor) = view.by_row(row)?;
        let (in_force, _) = view.stored(row)?;
        Ok(Some(Subject { known, anchor, version: u64::try_from(version).unwrap_or(0), in_force }))
    }

    fn create(&mut self, kind: ObjectKind, changes: &ObjectChanges) -> Answer<(Shown, bool)> {
        let id = self.next_id()?;
        let decided = decide_create(&mut SqlView(self.connection), &self.rules, id, kind, changes)?;
        let Decided { resolved, .. } = refused!(decided);
        let rest = refused!(self.look_up(id, None, changes)?);
        let key = name_key(resolved.properties.text(Property::DisplayName).unwrap_or_default());
        let row = self.insert(kind, State::Living, id, None, &key, &to_json(&resolved.properties)?)?;
        self.write_claims(row, &[], &resolved, false)?;
        self.deltas.object(kind, false, 1);
        self.write_rest(row, changes, &rest)?;
        self.write_owners(row, &rest.owners)?;
        self.note(row, HistoryOutcome::Created, &Body::default())?;
        self.write_members(row, rest.members)?;
        Ok(Ok((Shown::Now(id), true)))
    }

    fn update(&mut self, subject: &Subject, changes: &ObjectChanges) -> Answer<(Shown, bool)> {
        let (row, id) = (subject.known.row, subject.known.id);
        let decided = decide_update(&mut SqlView(self.connection), &self.rules, subject, changes)?;
        let Decided { resolved, held_before, changed } = refused!(decided);
        let rest = refused!(self.look_up(id, Some(row), changes)?);
        let before = stored(self.connection, id)?;
        let managers = match rest.manager {
            Some(row) => (before.manager, row.map(|row| self.id_of(row)).transpose()?),
            None => (before.manager, before.manager),
        };
        let text = |id: Option<ObjectId>| id.map(|id| id.to_string());
        let (was, is) = (text(managers.0), text(managers.1));
        let flows = BTreeMap::new();
        let mut said = Body::differences(
            &subject.in_force,
            &resolved.properties,
            (was.as_deref(), is.as_deref()),
            &flows,
        );
        for name in changes.extra.keys() {
            let shown = |extra: &BTreeMap<String, serde_json::Value>| extra.get(name).map(readable);
            said = said.and_extra(name, shown(&before.extra).as_deref(), shown(&rest.extra).as_deref());
        }
        if let Some(external_id) = &changes.external_id {
            said = said.and_extra("externalId", before.external_id.as_deref(), external_id.as_deref());
        }
        let owners = if rest.owners.add.is_empty() && rest.owners.remove.is_empty() {
            None
        } else {
            Some(self.owners_as_text(row)?)
        };
        let links = !rest.members.add.is_empty() || !rest.members.remove.is_empty();
        self.write_owners(row, &rest.owners)?;
        if let Some(before) = owners {
            let after = self.owners_as_text(row)?;
            said = said.and_extra("owners", before.as_deref(), after.as_deref());
        }
        let said_something = said != Body::default();
        if changed {
            let key = name_key(resolved.properties.text(Property::DisplayName).unwrap_or_default());
            let old_key = self.name_key_of(row)?;
            if key != old_key {
                self.forget_words(row, &old_key)?;
                self.learn_words(row, &key);
                run(self.connection, "UPDATE object SET name_key = ?2 WHERE oid = ?1", (row, &key))?;
            }
            let sql = "UPDATE body SET body = ?2, held = NULL WHERE oid = ?1";
            run(self.connection, sql, (row, to_json(&resolved.properties)?))?;
            self.write_claims(row, &held_before, &resolved, true)?;
        }
        self.write_rest(row, changes, &rest)?;
        if said_something {
            self.note(row, HistoryOutcome::Updated, &said)?;
        }
        self.write_members(row, rest.members)?;
        if said_something || links {
            self.touch(row)?;
        }
        Ok(Ok((Shown::Now(id), said_something || links)))
    }

    fn restore(&mut self, subject: &Subject, name: Option<&str>, drop: bool) -> Answer<(Shown, bool)> {
        let known = &subject.known;
        let decided = decide_restore(&mut SqlView(self.connection), &self.rules, subject, name, drop)?;
        let Decided { resolved, .. } = refused!(decided);
        let row = known.row;
        self.write_claims(row, &[], &resolved, true)?;
        let key = name_key(resolved.properties.text(Property::DisplayName).unwrap_or_default());
        self.learn_words(row, &key);
        let sql = "UPDATE body SET body = ?2, held = NULL WHERE oid = ?1";
        run(self.connection, sql, (row, to_json(&resolved.properties)?))?;
        let sql = "UPDATE object SET state = 0, deleted_at = NULL, fingerprint = NULL, name_key = ?2, \
                   sync_enabled = CASE sync_enabled WHEN 1 THEN 0 ELSE sync_enabled END WHERE oid = ?1";
        run(self.connection, sql, (row, &key))?;
        self.deltas.object(known.kind, false, 1);
        self.deltas.add(Counter::Deleted, -1);
        self.arrived(row, known.kind, subject.anchor.as_ref().map_or("", |anchor| anchor.as_str()))?;
        let said = Body::differences(&subject.in_force, &resolved.properties, (None, None), &BTreeMap::new());
        self.note(row, HistoryOutcome::Restored, &said)?;
        self.touch(row)?;
        Ok(Ok((Shown::Now(known.id), true)))
    }

    fn id_of(&self, row: Row) -> Result<ObjectId> {
        Ok(SqlView(self.connection).by_row(row)?.0.id)
    }

    fn link_end(&self, id: ObjectId) -> Result<LinkEnd> {
        let sql = "SELECT oid, kind, state FROM object WHERE id = ?1";
        let found = first(self.connection, sql, [id.0.as_bytes().as_slice()], |row| {
            Ok((row.get::<Row>(0)?, kind_of(row.get(1)?)?, state_of(row.get(2)?)?))
        })?;
        Ok(LinkEnd { id, found })
    }

    /// Looks the ends of all links up, and judges them. `row` is the object's, where there is one.
    fn look_up(&self, id: ObjectId, row: Option<Row>, changes: &ObjectChanges) -> Answer<Rest> {
        let manager = match changes.manager {
            Some(Some(manager)) => {
                Some(Some(refused!(check_manager(Some(id), &self.link_end(manager)?).map_err(Box::new))))
            }
            Some(None) => Some(None),
            None => None,
        };
        let extra = match row {
            Some(row) => self.extra_of(row)?,
            None => BTreeMap::new(),
        };
        let extra = refused!(merge_extra(extra, &changes.extra));
        let members = match &changes.members {
            MemberChanges::Keep => Members::default(),
            MemberChanges::Change { add, remove, exact } => {
                let ends = add.iter().map(|id| self.link_end(*id)).collect::<Result<Vec<_>>>()?;
                let mut wanted = refused!(check_links(id, &ends));
                if let Some(row) = row {
                    if *exact && let Some(twice) = self.first_member_of(row, &ends)? {
                        let link = LinkName::Members;
                        return Ok(Err(Box::new(DirectoryRefusal::AlreadyLinked { link, id: twice })));
                    }
                    let mut fresh = Vec::with_capacity(wanted.len());
                    for end in wanted {
                        if !self.is_member(row, end.0)? {
                            fresh.push(end);
                        }
                    }
                    wanted = fresh;
                }
                let mut gone = Vec::with_capacity(remove.len());
                for id in remove {
                    let found = self.link_end(*id)?.found;
                    match (found, row) {
                        (Some((member, kind, _)), Some(row)) if self.is_member(row, member)? => {
                            gone.push((member, kind));
                        }
                        _ if *exact => {
                            let link = LinkName::Members;
                            return Ok(Err(Box::new(DirectoryRefusal::ReferenceNotFound { link, id: *id })));
                        }
                        _ => {}
                    }
                }
                gone.sort_unstable_by_key(|(row, _)| *row);
                gone.dedup_by_key(|(row, _)| *row);
                Members { add: wanted, remove: gone }
            }
            MemberChanges::Replace(ids) => {
                let ends = ids.iter().map(|id| self.link_end(*id)).collect::<Result<Vec<_>>>()?;
                let wanted = refused!(check_links(id, &ends));
                let now: BTreeMap<Row, ObjectKind> = match row {
                    Some(row) => self.living_members(row)?.into_iter().collect(),
                    None => BTreeMap::new(),
                };
                let kept: BTreeSet<Row> = wanted.iter().map(|(row, _)| *row).collect();
                let remove =
                    now.iter().filter(|(row, _)| !kept.contains(row)).map(|(r, k)| (*r, *k)).collect();
                let add = wanted.into_iter().filter(|(row, _)| !now.contains_key(row)).collect();
                Members { add, remove }
            }
        };
        let owners = refused!(self.look_up_owners(row, &changes.owners)?);
        if let Some(row) = row {
            let mut groups = members.add.iter().filter(|(_, kind)| *kind == ObjectKind::Group).peekable();
            // Asked once, upwards: each new member downwards would be a walk of its own.
            let above = if groups.peek().is_some() { self.reach(row, false)? } else { BTreeSet::new() };
            if let Some((member, _)) = groups.find(|(member, _)| above.contains(member)) {
                let member = self.id_of(*member)?;
                return Ok(Err(Box::new(DirectoryRefusal::Ring { group: id, member })));
            }
        }
        Ok(Ok(Rest { manager, extra, members, owners }))
    }

    pub(super) fn extra_of(&self, row: Row) -> Result<BTreeMap<String, serde_json::Value>> {
        let sql = "SELECT extra FROM body WHERE oid = ?1";
        let text = first(self.connection, sql, [row], |found| found.get::<Option<String>>(0))?.flatten();
        text.map_or_else(|| Ok(BTreeMap::new()), |text| from_json(&text, "what an object holds beside"))
    }

    /// Looks up and judges which owners come and go.
    fn look_up_owners(&self, group: Option<Row>, changes: &MemberChanges) -> Answer<Owners> {
        let now: BTreeSet<Row> = match group {
            Some(group) if *changes != MemberChanges::Keep => self.owners_of(group)?.into_keys().collect(),
            _ => BTreeSet::new(),
        };
        let link = LinkName::Owners;
        let ends = |ids: &[ObjectId]| ids.iter().map(|id| self.link_end(*id)).collect::<Result<Vec<_>>>();
        let owners = match changes {
            MemberChanges::Keep => Owners::default(),
            MemberChanges::Change { add, remove, exact } => {
                let added = ends(add)?;
                let mut wanted = refused!(check_owners(&added).map_err(Box::new));
                let is_one = |end: &LinkEnd| end.found.is_some_and(|(row, ..)| now.contains(&row));
                if *exact && let Some(end) = added.iter().find(|end| is_one(end)) {
                    return Ok(Err(Box::new(DirectoryRefusal::AlreadyLinked { link, id: end.id })));
                }
                wanted.retain(|row| !now.contains(row));
                let removed = ends(remove)?;
                if *exact && let Some(end) = removed.iter().find(|end| !is_one(end)) {
                    return Ok(Err(Box::new(DirectoryRefusal::ReferenceNotFound { link, id: end.id })));
                }
                let gone: BTreeSet<Row> = removed
                    .iter()
                    .filter(|end| is_one(end))
                    .filter_map(|end| end.found.map(|(row, ..)| row))
                    .collect();
                Owners { add: wanted, remove: gone.into_iter().collect() }
            }
            MemberChanges::Replace(ids) => {
                let wanted = refused!(check_owners(&ends(ids)?).map_err(Box::new));
                let remove = now.iter().copied().filter(|row| wanted.binary_search(row).is_err()).collect();
                let add = wanted.into_iter().filter(|row| !now.contains(row)).collect();
                Owners { add, remove }
            }
        };
        // Those who are deleted count: they can be restored.
        if !owners.add.is_empty()
            && (now.len() + owners.add.len()).saturating_sub(owners.remove.len()) > MAX_OWNERS
        {
            let why = format!("a group has at most {MAX_OWNERS} owners");
            let property = link.as_str().to_owned();
            return Ok(Err(Box::new(DirectoryRefusal::Invalid { property, why })));
        }
        Ok(Ok(owners))
    }

    /// The owners of a group, the deleted ones among them, with their ids.
    fn owners_of(&self, group: Row) -> Result<BTreeMap<Row, ObjectId>> {
        let sql = "SELECT o.oid, o.id FROM owner w JOIN object o ON o.oid = w.owner WHERE w.grp = ?1";
        let owners = all(self.connection, sql, [group], |row| {
            Ok((row.get::<Row>(0)?, object_id(row.get::<&[u8]>(1)?)?))
        })?;
        Ok(owners.into_iter().collect())
    }

    /// The owners of a group for its history: their ids; none where it has none.
    fn owners_as_text(&self, group: Row) -> Result<Option<String>> {
        let ids: Vec<String> = self.owners_of(group)?.into_values().map(|id| id.to_string()).collect();
        Ok((!ids.is_empty()).then(|| ids.join(", ")))
    }

    /// Writes the owners that come and go, all judged already.
    fn write_owners(&self, group: Row, owners: &Owners) -> Result<()> {
        for owner in &owners.remove {
            run(self.connection, "DELETE FROM owner WHERE grp = ?1 AND owner = ?2", (group, owner))?;
        }
        for owner in &owners.add {
            run(self.connection, "INSERT INTO owner (grp, owner) VALUES (?1, ?2)", (group, owner))?;
        }
        Ok(())
    }

    fn is_member(&self, group: Row, member: Row) -> Result<bool> {
        let sql = "SELECT 1 FROM member WHERE grp = ?1 AND member = ?2";
        Ok(first(self.connection, sql, (group, member), |_| Ok(()))?.is_some())
    }

    fn first_member_of(&self, group: Row, ends: &[LinkEnd]) -> Result<Option<ObjectId>> {
        for end in ends {
            if let Some((row, ..)) = end.found
                && self.is_member(group, row)?
            {
                return Ok(Some(end.id));
            }
        }
        Ok(None)
    }

    fn living_members(&self, group: Row) -> Result<Vec<(Row, ObjectKind)>> {
        let sql = "SELECT o.oid, o.kind FROM member m JOIN object o ON o.oid = m.member \
                   WHERE m.grp = ?1 AND o.state = 0";
        all(self.connection, sql, [group], |row| Ok((row.get(0)?, kind_of(row.get(1)?)?)))
    }

    /// Writes what is neither property nor member.
    fn write_rest(&self, row: Row, changes: &ObjectChanges, rest: &Rest) -> Result<()> {
        if let Some(manager) = rest.manager {
            let sql = "UPDATE object SET manager_oid = ?2, manager = NULL WHERE oid = ?1";
            run(self.connection, sql, (row, manager))?;
        }
        if let Some(external_id) = &changes.external_id {
            run(self.connection, "UPDATE object SET external_id = ?2 WHERE oid = ?1", (row, external_id))?;
        }
        if !changes.extra.is_empty() {
            let extra = if rest.extra.is_empty() { None } else { Some(to_json(&rest.extra)?) };
            run(self.connection, "UPDATE body SET extra = ?2 WHERE oid = ?1", (row, extra))?;
        }
        Ok(())
    }

    /// Writes the members that come and go, all judged already.
    fn write_members(&mut self, group: Row, members: Members) -> Result<()> {
        let (mut added, mut removed) = (Links::default(), Links::default());
        for (row, kind) in &members.add {
            run(self.connection, "INSERT INTO member (grp, member) VALUES (?1, ?2)", (group, row))?;
            if *kind == ObjectKind::Group {
                let sql = "INSERT INTO nested (parent, child) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
                run(self.connection, sql, (group, row))?;
            }
            self.deltas.add(Counter::Memberships, 1);
            self.name_member(&mut added, *row)?;
        }
        let mut nested = false;
        for (row, kind) in &members.remove {
            let living = SqlView(self.connection).by_row(*row)?.0.state == State::Living;
            run(self.connection, "DELETE FROM member WHERE grp = ?1 AND member = ?2", (group, row))?;
            if *kind == ObjectKind::Group {
                run(self.connection, "DELETE FROM nested WHERE parent = ?1 AND child = ?2", (group, row))?;
                nested = true;
            }
            self.deltas.add(if living { Counter::Memberships } else { Counter::PendingLinks }, -1);
            self.name_member(&mut removed, *row)?;
        }
        if nested {
            self.recheck_rings()?;
        }
        if added.count + removed.count > 0 {
            self.note(group, HistoryOutcome::Membership, &Body::links(added, removed))?;
        }
        Ok(())
    }

    fn name_member(&self, links: &mut Links, row: Row) -> Result<()> {
        match SqlView(self.connection).by_row(row)? {
            (_, Some(anchor)) => links.add(&anchor),
            (known, None) => links.add_id(known.id),
        }
        Ok(())
    }

    /// An object's links are about to go with it: the history of its groups says so.
    pub(super) fn note_gone_from_groups(&mut self, row: Row, id: ObjectId) -> Result<()> {
        let sql =
            "SELECT m.grp FROM member m JOIN object g ON g.oid = m.grp WHERE m.member = ?1 AND g.state = 0";
        for group in all(self.connection, sql, [row], |found| found.get::<Row>(0))? {
            let mut gone = Links::default();
            gone.add_id(id);
            self.note(group, HistoryOutcome::Membership, &Body::links(Links::default(), gone))?;
        }
        Ok(())
    }

    /// A group's members are about to go, whatever they are: its history says so.
    pub(super) fn note_members_gone(&mut self, group: Row) -> Result<()> {
        let sql = "SELECT member FROM member WHERE grp = ?1";
        let mut gone = Links::default();
        for member in all(self.connection, sql, [group], |found| found.get::<Row>(0))? {
            self.name_member(&mut gone, member)?;
        }
        if gone.count > 0 {
            self.note(group, HistoryOutcome::Membership, &Body::links(Links::default(), gone))?;
        }
        Ok(())
    }

    /// A cloud group becomes a directory's: its members are those that the directory says, and what has no anchor
    /// cannot be one of them.
    pub(super) fn drop_cloud_members(&mut self, group: Row) -> Result<()> {
        let sql = "SELECT o.oid, o.kind FROM member m JOIN object o ON o.oid = m.member \
                   WHERE m.grp = ?1 AND o.anchor IS NULL";
        let remove = all(self.connection, sql, [group], |row| Ok((row.get(0)?, kind_of(row.get(1)?)?)))?;
        self.write_members(group, Members { add: Vec::new(), remove })
    }

    /// An object that is not living goes for good: groups of the cloud forget it; with `all`, every group.
    pub(super) fn drop_cloud_links_to(&mut self, row: Row, all_groups: bool) -> Result<()> {
        let sql = "SELECT g.oid, g.state FROM member m JOIN object g ON g.oid = m.grp \
                   WHERE m.member = ?1 AND (?2 OR g.sync_enabled IS DISTINCT FROM 1)";
        let groups = all(self.connection, sql, (row, all_groups), |found| {
            Ok((found.get::<Row>(0)?, state_of(found.get(1)?)?))
        })?;
        for (group, state) in groups {
            run(self.connection, "DELETE FROM member WHERE grp = ?1 AND member = ?2", (group, row))?;
            run(self.connection, "DELETE FROM nested WHERE parent = ?1 AND child = ?2", (group, row))?;
            if state == State::Living {
                self.deltas.add(Counter::PendingLinks, -1);
            }
        }
        Ok(())
    }
}

/// A value of any kind as a text for the history.
fn readable(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
