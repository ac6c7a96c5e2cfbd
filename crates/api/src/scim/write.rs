//! Writing: create, replace, patch, delete. Every write goes to the store as one change of a cloud-only object.

use super::error::{Result, ScimError};
use super::evaluate::value_holds;
use super::filter::{Comparison, Filter, parse_path};
use super::list::{find, shown};
use super::patch::{self, Operation, Verb};
use super::schema::ResourceType;
use super::user::{self, EXTRA, sign_in_names};
use super::view::{self, Selection, extra_of, user_name, writable};
use super::{Call, Conditions, Reply, normal};
use http::StatusCode;
use lockstep_model::scim::ENTERPRISE;
use lockstep_model::{ObjectId, ObjectKind, Property, PropertyValue};
use lockstep_tenant::StoredObject;
use lockstep_tenant::directory::{
    DirectoryError, DirectoryOperation, DirectoryRefusal, DirectoryWrite, DirectoryWritten, MemberChanges,
    ObjectChanges,
};
use lockstep_tenant::domains::{CAME_TO, SENT_NAME};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// How often a PATCH without `If-Match` is tried anew when another write came between.
const TRIES: usize = 5;

/// `POST /Users`
pub(super) async fn create(
    call: &Call,
    of: &'static ResourceType,
    sent: Value,
    selection: &Selection,
) -> Result<Reply> {
    let mut resource = normal::resource(of, sent)?;
    let members = take_members(&mut resource)?;
    let mut changes = changes(call, of, &resource, None).await?;
    // Nothing is there to be cleared.
    changes.properties.retain(|_, value| value.is_some());
    changes.extra.retain(|_, value| value.is_some());
    if changes.external_id == Some(None) {
        changes.external_id = None;
    }
    if of.kind == ObjectKind::Group {
        changes.set_flag(Property::SecurityEnabled, true).set_flag(Property::MailEnabled, false);
        if !members.is_empty() {
            changes.members = MemberChanges::Change { add: members, remove: Vec::new(), exact: false };
        }
    }
    let written = write(call, DirectoryOperation::Create { kind: of.kind, changes }).await?;
    let object = written.object;
    Ok(Reply {
        status: StatusCode::CREATED,
        body: Some(shown(call, &object, selection).await?),
        location: Some(call.location(of, object.id)),
        version: Some(object.version),
    })
}

/// `PUT /Users/{id}`
pub(super) async fn replace(
    call: &Call,
    of: &'static ResourceType,
    id: &str,
    sent: Value,
    conditions: &Conditions,
    selection: &Selection,
) -> Result<Reply> {
    let object = find(call, of, id).await?;
    conditions.check(object.version)?;
    let mut resource = normal::resource(of, sent)?;
    let members = take_members(&mut resource)?;
    let mut changes = changes(call, of, &resource, Some(&object)).await?;
    if of.kind == ObjectKind::Group {
        changes.members = MemberChanges::Replace(members);
    }
    let expected = conditions.matches.is_some().then_some(object.version);
    let written = write(call, DirectoryOperation::Update { id: object.id, changes, expected }).await?;
    answer(call, of, &written.object, selection).await
}

/// `PATCH /Users/{id}`: all of it or nothing.
pub(super) async fn patch(
    call: &Call,
    of: &'static ResourceType,
    id: &str,
    sent: Value,
    conditions: &Conditions,
    selection: &Selection,
) -> Result<Reply> {
    // A group may have a hundred thousand members: it is shown where something of it is asked for.
    let silent = of.kind == ObjectKind::Group && selection.is_all();
    let operations = patch::with_paths(patch::read(sent)?)?;
    let mut tries = 0;
    loop {
        let object = find(call, of, id).await?;
        conditions.check(object.version)?;
        let mut resource = writable(call, &object);
        let mut members = Members::default();
        for operation in operations.clone() {
            if of.kind == ObjectKind::Group && is_of_members(of, &operation) {
                members.apply(call, of, object.id, operation).await?;
            } else {
                patch::apply(of, &mut resource, operation)?;
            }
        }
        // What was removed down to nothing is not there.
        resource.retain(|_, value| value.as_object().is_none_or(|fields| !fields.is_empty()));
        let mut changes = changes(call, of, &resource, Some(&object)).await?;
        changes.members = members.changes();
        let operation = DirectoryOperation::Update { id: object.id, changes, expected: Some(object.version) };
        match try_write(call, operation).await {
            Ok(written) if silent => {
                let object = written.object;
                let location = Some(call.location(of, object.id));
                let version = Some(object.version);
                return Ok(Reply { status: StatusCode::NO_CONTENT, body: None, location, version });
            }
            Ok(written) => return answer(call, of, &written.object, selection).await,
            Err(DirectoryError::Refused(refusal))
                if matches!(*refusal, DirectoryRefusal::Changed { .. })
                    && conditions.matches.is_none()
                    && tries < TRIES =>
            {
                tries += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// `DELETE /Users/{id}`
pub(super) async fn delete(
    call: &Call,
    of: &'static ResourceType,
    id: &str,
    conditions: &Conditions,
) -> Result<Reply> {
    let object = find(call, of, id).await?;
    conditions.check(object.version)?;
    let expected = conditions.matches.is_some().then_some(object.version);
    write(call, DirectoryOperation::Delete { id: object.id, expected }).await?;
    Ok(Reply { status: StatusCode::NO_CONTENT, body: None, location: None, version: None })
}

/// The answer to a change: the resource.
async fn answer(
    call: &Call,
    of: &'static ResourceType,
    object: &StoredObject,
    selection: &Selection,
) -> Result<Reply> {
    Ok(Reply {
        status: StatusCode::OK,
        body: Some(shown(call, object, selection).await?),
        location: Some(call.location(of, object.id)),
        version: Some(object.version),
    })
}

async fn try_write(
    call: &Call,
    operation: DirectoryOperation,
) -> std::result::Result<DirectoryWritten, DirectoryError> {
    let write = DirectoryWrite::by(call.actor.as_str(), operation);
    let written = call.state.store.write_directory(write, call.state.now()).await?;
    if written.changed {
        call.changed(written.object.kind);
    }
    Ok(written)
}

async fn write(call: &Call, operation: DirectoryOperation) -> Result<DirectoryWritten> {
    Ok(try_write(call, operation).await?)
}

/// What the tenant is to write for a resource without its members.
async fn changes(
    call: &Call,
    of: &ResourceType,
    resource: &Map<String, Value>,
    before: Option<&StoredObject>,
) -> Result<ObjectChanges> {
    let required = if of.kind == ObjectKind::User { "userName" } else { "displayName" };
    let Some(name) = resource.get(required).and_then(Value::as_str) else {
        return Err(ScimError::value(format!("A {} needs a '{required}'.", of.name)));
    };
    let external_id = resource.get("externalId").and_then(Value::as_str).map(str::to_owned);
    let mut changes = ObjectChanges { external_id: Some(external_id), ..ObjectChanges::default() };
    if of.kind == ObjectKind::Group {
        changes.set_text(Property::DisplayName, name);
        return Ok(changes);
    }
    let mut kept = user::from_resource(resource);
    if let Some(before) = before {
        let shown = writable(call, before);
        user::keep(&mut kept, resource, &shown, &before.properties, &extra_of(before));
    }
    changes.properties = kept.properties;
    let mut extra = kept.extra;
    let sign_in = sign_in_name(call, name, before).await?;
    if sign_in != name {
        extra.insert(SENT_NAME.into(), name.into());
        extra.insert(CAME_TO.into(), sign_in.clone().into());
    }
    changes.properties.insert(Property::UserPrincipalName, Some(PropertyValue::Text(sign_in)));
    changes.extra.insert(EXTRA.into(), (!extra.is_empty()).then_some(Value::Object(extra)));
    let manager = resource.get(ENTERPRISE).and_then(|fields| fields.get("manager")).and_then(reference);
    let manager: Option<ObjectId> = match manager {
        None => None,
        Some(id) => Some(id.parse().map_err(|_| {
            let id: String = id.chars().take(100).collect();
            ScimError::value(format!("The manager '{id}' is no id of this tenant's users."))
        })?),
    };
    // A link that stays is not written: on what is synchronized it could not be.
    if manager != before.and_then(|before| before.manager) {
        changes.manager = Some(manager);
    }
    Ok(changes)
}

/// The id in a reference: its `value`, else the end of its `$ref`.
fn reference(value: &Value) -> Option<String> {
    let text = value.get("value").and_then(Value::as_str).map(str::to_owned);
    text.or_else(|| value.get("$ref")?.as_str()?.rsplit('/').next().map(str::to_owned))
}

/// The sign-in name that a `userName` comes to: free, or the one that the user has.
async fn sign_in_name(call: &Call, name: &str, before: Option<&StoredObject>) -> Result<String> {
    let verified = |domain: &str| call.is_verified(domain);
    let wanted = sign_in_names(name, verified, call.initial_domain());
    if let Some(before) = before {
        let extra = extra_of(before);
        let has = before.properties.text(Property::UserPrincipalName).unwrap_or_default();
        let same = user_name(before, &extra).eq_ignore_ascii_case(name);
        let best = wanted.first().is_some_and(|best| best.eq_ignore_ascii_case(name));
        if same && !best {
            return Ok(has.to_owned());
        }
    }
    let mut candidates = wanted.clone();
    candidates.extend(user::substitutes(name, call.initial_domain()));
    let mut taken = BTreeSet::new();
    for candidate in candidates {
        let holder = call.state.store.user_by_principal_name(candidate.clone()).await?;
        let Some(holder) = holder.filter(|holder| Some(holder.id) != before.map(|before| before.id)) else {
            continue;
        };
        let theirs = user_name(&holder, &extra_of(&holder));
        let exact = wanted.len() == 1 && candidate.eq_ignore_ascii_case(name);
        if exact || theirs.to_lowercase() == name.to_lowercase() {
            let shown = holder.properties.text(Property::DisplayName).unwrap_or_default();
            return Err(ScimError::new(
                StatusCode::CONFLICT,
                Some("uniqueness"),
                format!(
                    "The userName '{name}' belongs to the user '{shown}' ({}); give this one another name, or change \
                     that one.",
                    holder.id
                ),
            ));
        }
        taken.insert(candidate);
    }
    wanted.into_iter().find(|candidate| !taken.contains(candidate)).ok_or_else(|| {
        ScimError::new(
            StatusCode::CONFLICT,
            Some("uniqueness"),
            format!("No name to sign in with is free for '{name}'; give the user another userName."),
        )
    })
}

fn take_members(resource: &mut Map<String, Value>) -> Result<Vec<ObjectId>> {
    match resource.remove("members") {
        Some(Value::Array(values)) => values.iter().map(member_id).collect(),
        _ => Ok(Vec::new()),
    }
}

fn member_id(value: &Value) -> Result<ObjectId> {
    let id = reference(value).unwrap_or_default();
    id.parse().map_err(|_| {
        let id: String = id.chars().take(100).collect();
        ScimError::value(format!("The member '{id}' is no id of this tenant's users or groups."))
    })
}

fn is_of_members(of: &ResourceType, operation: &Operation) -> bool {
    let Some(path) = operation.path.as_deref().and_then(|path| parse_path(path).ok()) else { return false };
    of.place(&path.attribute).is_some_and(|place| place.attribute.name == "members")
}

/// What becomes of a group's members, without loading them where it can be said so.
#[derive(Default)]
struct Members {
    /// Everything before was replaced.
    replaced: bool,
    add: BTreeSet<ObjectId>,
    remove: BTreeSet<ObjectId>,
}

impl Members {
    async fn apply(
        &mut self,
        call: &Call,
        of: &ResourceType,
        group: ObjectId,
        operation: Operation,
    ) -> Result<()> {
        let path = parse_path(operation.path.as_deref().unwrap_or_default())?;
        let place =
            of.place(&path.attribute).ok_or_else(|| ScimError::path("A group has no such attribute."))?;
        if path.sub.is_some() || place.sub.is_some() {
            return Err(ScimError::bad("mutability", "A member is added or removed, not changed."));
        }
        let sent = operation.value.filter(|value| !value.is_null());
        let ids = |value: Value| -> Result<Vec<ObjectId>> {
            normal::values(place.attribute, value)?.iter().map(member_id).collect()
        };
        match (operation.verb, &path.filter, sent) {
            (Verb::Remove, Some(filter), _) => {
                super::evaluate::check_values(filter, place.attribute)
                    .map_err(|error| ScimError { kind: Some("invalidPath"), ..error })?;
                let gone = match named(filter) {
                    Some(ids) => ids,
                    None => {
                        let members = view::members(call, group).await?;
                        let chosen =
                            members.iter().filter(|value| value_holds(filter, place.attribute, value));
                        chosen.map(member_id).collect::<Result<_>>()?
                    }
                };
                gone.into_iter().for_each(|id| self.remove(id));
            }
            (_, Some(_), _) => {
                return Err(ScimError::bad("mutability", "A member is added or removed, not changed."));
            }
            (Verb::Remove, None, Some(value)) => ids(value)?.into_iter().for_each(|id| self.remove(id)),
            (Verb::Remove, None, None) | (Verb::Replace, None, None) => {
                *self = Self { replaced: true, ..Self::default() };
            }
            (Verb::Replace, None, Some(value)) => {
                let add = ids(value)?.into_iter().collect();
                *self = Self { replaced: true, add, remove: BTreeSet::new() };
            }
            (Verb::Add, None, Some(value)) => {
                for id in ids(value)? {
                    self.remove.remove(&id);
                    self.add.insert(id);
                }
            }
            (Verb::Add, None, None) => return Err(ScimError::value("'members' is added without a value.")),
        }
        Ok(())
    }

    fn remove(&mut self, id: ObjectId) {
        self.add.remove(&id);
        if !self.replaced {
            self.remove.insert(id);
        }
    }

    fn changes(self) -> MemberChanges {
        let Self { replaced, add, remove } = self;
        if replaced {
            return MemberChanges::Replace(add.into_iter().collect());
        }
        if add.is_empty() && remove.is_empty() {
            return MemberChanges::Keep;
        }
        let (add, remove) = (add.into_iter().collect(), remove.into_iter().collect());
        MemberChanges::Change { add, remove, exact: false }
    }
}

/// The members that a filter names one by one: `value eq "a" or value eq "b"`. What is no id is no member.
fn named(filter: &Filter) -> Option<Vec<ObjectId>> {
    match filter {
        Filter::Or(a, b) => {
            let mut both = named(a)?;
            both.extend(named(b)?);
            Some(both)
        }
        Filter::Compare(name, Comparison::Eq, Value::String(id)) if name.eq_ignore_ascii_case("value") => {
            Some(id.parse().into_iter().collect())
        }
        _ => None,
    }
}
