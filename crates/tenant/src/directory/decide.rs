//! What becomes of an object that the cloud itself writes.
//!
//! Sources: Microsoft Graph's reference of `user: update`, `group: update` and `directory: restore deleted items`
//! for what may be written and what happens to addresses.

use super::changes::{
    DirectoryOperation, MAX_EXTERNAL_ID, MAX_EXTRA_BYTES, MemberChanges, ObjectChanges, Shape, shape,
};
use super::refusal::DirectoryRefusal;
use crate::provision::{Claim, Known, Resolved, TenantRules, View, claims_in_force, problem_of, resolve};
use lockstep_model::{
    ErrorCode, ObjectId, ObjectKind, ObjectRef, Properties, Property, PropertyValue, SourceAnchor, SyncError,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// The object that is written to.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// What the store knows of it.
    pub known: Known,
    /// Its source anchor.
    pub anchor: Option<SourceAnchor>,
    /// Its version.
    pub version: u64,
    /// Its properties in force.
    pub in_force: Properties,
}

/// What a write comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// What is in force from then on.
    pub resolved: Resolved,
    /// What it held before; what of it is not in `resolved.claims` becomes free.
    pub held_before: Vec<Claim>,
    /// Whether a property changes.
    pub changed: bool,
}

type Answer<T, E> = Result<Result<T, Box<DirectoryRefusal>>, E>;

/// Whether an operation may be done to this object at all: the version, and who masters it.
///
/// # Errors
/// [`DirectoryRefusal::Changed`]; [`DirectoryRefusal::Mastered`] where a synced object would be deleted, or its links
/// changed (its properties are looked at by [`decide_update`], which knows whether they differ).
pub fn may_change(subject: &Subject, operation: &DirectoryOperation) -> Result<(), DirectoryRefusal> {
    let expected = match operation {
        DirectoryOperation::Update { expected, .. } | DirectoryOperation::Delete { expected, .. } => {
            *expected
        }
        _ => None,
    };
    if expected.is_some_and(|expected| expected != subject.version) {
        return Err(DirectoryRefusal::Changed { version: subject.version });
    }
    if subject.known.sync_enabled != Some(true) {
        return Ok(());
    }
    match operation {
        DirectoryOperation::Delete { .. } => Err(DirectoryRefusal::Mastered { properties: Vec::new() }),
        DirectoryOperation::Update { changes, .. } => {
            let links =
                [(changes.manager.is_some(), "manager"), (changes.members != MemberChanges::Keep, "members")];
            let properties: Vec<String> =
                links.into_iter().filter(|(changes, _)| *changes).map(|(_, name)| name.to_owned()).collect();
            if properties.is_empty() { Ok(()) } else { Err(DirectoryRefusal::Mastered { properties }) }
        }
        _ => Ok(()),
    }
}

/// Decides about a new object.
///
/// # Errors
/// What the view answers; within it, why the object is refused.
pub fn decide_create<V: View>(
    view: &mut V,
    rules: &TenantRules,
    id: ObjectId,
    kind: ObjectKind,
    changes: &ObjectChanges,
) -> Answer<Decided, V::Error> {
    if let Err(refusal) = check_changes(kind, changes) {
        return Ok(Err(Box::new(refusal)));
    }
    let mut wanted = Properties::new();
    merge(&mut wanted, changes);
    if wanted.text(Property::DisplayName).is_none() {
        return Ok(Err(invalid(Property::DisplayName.as_str(), "a value is required")));
    }
    let object = named(kind, id, None, &wanted);
    let resolved = resolve(view, rules, None, object, wanted, None)?;
    Ok(accept(resolved).map(|resolved| Decided { resolved, held_before: Vec::new(), changed: true }))
}

/// Decides about changes of a living object. [`may_change`] comes first.
///
/// # Errors
/// What the view answers; within it, why the change is refused.
pub fn decide_update<V: View>(
    view: &mut V,
    rules: &TenantRules,
    subject: &Subject,
    changes: &ObjectChanges,
) -> Answer<Decided, V::Error> {
    let kind = subject.known.kind;
    if let Err(refusal) = check_changes(kind, changes) {
        return Ok(Err(Box::new(refusal)));
    }
    let mut wanted = subject.in_force.clone();
    merge(&mut wanted, changes);
    let differing: Vec<String> = changes
        .properties
        .keys()
        .filter(|property| wanted.get(**property) != subject.in_force.get(**property))
        .map(|property| property.as_str().to_owned())
        .collect();
    let held_before = claims_in_force(kind, &subject.in_force);
    if wanted == subject.in_force {
        let resolved = Resolved {
            properties: wanted,
            held: Default::default(),
            claims: held_before.clone(),
            waiting: Vec::new(),
            errors: Vec::new(),
        };
        return Ok(Ok(Decided { resolved, held_before, changed: false }));
    }
    if subject.known.sync_enabled == Some(true) {
        return Ok(Err(Box::new(DirectoryRefusal::Mastered { properties: differing })));
    }
    if wanted.text(Property::DisplayName).is_none() {
        return Ok(Err(invalid(Property::DisplayName.as_str(), "it cannot be empty")));
    }
    let name = Property::UserPrincipalName;
    if kind == ObjectKind::User && wanted.text(name).is_none() {
        return Ok(Err(invalid(name.as_str(), "it cannot be empty")));
    }
    // A name that stays is not judged again: its domain may have gone meanwhile.
    let mut rules = rules.clone();
    if wanted.text(name) == subject.in_force.text(name)
        && let Some((_, domain)) = wanted.text(name).and_then(|name| name.rsplit_once('@'))
    {
        rules.verified.insert(domain.to_lowercase());
    }
    let object = named(kind, subject.known.id, subject.anchor.clone(), &wanted);
    let resolved = resolve(view, &rules, Some(subject.known.row), object, wanted, None)?;
    Ok(accept(resolved).map(|resolved| {
        // The same address twice is one: what was asked for may be there already.
        let changed = resolved.properties != subject.in_force;
        Decided { resolved, held_before, changed }
    }))
}

/// Decides about a deleted object that is to live again.
///
/// # Errors
/// What the view answers; within it, why it is refused.
pub fn decide_restore<V: View>(
    view: &mut V,
    rules: &TenantRules,
    subject: &Subject,
    sign_in_name: Option<&str>,
    drop_conflicting_addresses: bool,
) -> Answer<Decided, V::Error> {
    let kind = subject.known.kind;
    let mut wanted = subject.in_force.clone();
    if let Some(name) = sign_in_name {
        if kind != ObjectKind::User {
            let property = Property::UserPrincipalName.as_str().to_owned();
            return Ok(Err(Box::new(DirectoryRefusal::NotWritable { property })));
        }
        wanted.set_text(Property::UserPrincipalName, name);
    }
    let object = named(kind, subject.known.id, subject.anchor.clone(), &wanted);
    let mut resolved = resolve(view, rules, Some(subject.known.row), object, wanted, None)?;
    if drop_conflicting_addresses {
        let address = |error: &SyncError| {
            let property = error.property.as_deref();
            error.code == ErrorCode::PropertyConflict
                && property != Some(Property::UserPrincipalName.as_str())
        };
        resolved.errors.retain(|error| !address(error));
        resolved.waiting.clear();
    }
    Ok(accept(resolved).map(|resolved| Decided { resolved, held_before: Vec::new(), changed: true }))
}

/// Whether the changes are of properties that this kind of object has, in their shape.
fn check_changes(kind: ObjectKind, changes: &ObjectChanges) -> Result<(), DirectoryRefusal> {
    for (property, value) in &changes.properties {
        let name = || property.as_str().to_owned();
        if !is_writable(kind, *property) {
            return Err(DirectoryRefusal::NotWritable { property: name() });
        }
        let fits = match (value, shape(*property)) {
            (None | Some(PropertyValue::Kept), _)
            | (Some(PropertyValue::Text(_)), Shape::Text)
            | (Some(PropertyValue::List(_)), Shape::List)
            | (Some(PropertyValue::Flag(_)), Shape::Flag) => true,
            (Some(_), _) => false,
        };
        if !fits {
            return Err(DirectoryRefusal::Invalid { property: name(), why: "it has another type".into() });
        }
    }
    if changes.manager.is_some() && kind != ObjectKind::User {
        return Err(DirectoryRefusal::NotWritable { property: "manager".into() });
    }
    if changes.members != MemberChanges::Keep && kind != ObjectKind::Group {
        return Err(DirectoryRefusal::NotWritable { property: "members".into() });
    }
    if changes.owners != MemberChanges::Keep && kind != ObjectKind::Group {
        return Err(DirectoryRefusal::NotWritable { property: "owners".into() });
    }
    if let Some(Some(id)) = &changes.external_id
        && (id.is_empty() || id.chars().count() > MAX_EXTERNAL_ID)
    {
        let why = format!("it has 1 to {MAX_EXTERNAL_ID} characters");
        return Err(DirectoryRefusal::Invalid { property: "externalId".into(), why });
    }
    Ok(())
}

/// Whether the cloud may write a property of this kind of object.
fn is_writable(kind: ObjectKind, property: Property) -> bool {
    use Property as P;
    match property {
        // They are the source's.
        P::OnPremisesDistinguishedName | P::OnPremisesSamAccountName | P::OnPremisesUserPrincipalName => {
            false
        }
        P::DisplayName => true,
        P::Mail | P::MailNickname | P::ProxyAddresses | P::PreferredLanguage => kind != ObjectKind::Device,
        P::Description | P::MailEnabled | P::SecurityEnabled => kind == ObjectKind::Group,
        P::DeviceId | P::OperatingSystem | P::OperatingSystemVersion | P::TrustType => {
            kind == ObjectKind::Device
        }
        P::AccountEnabled => matches!(kind, ObjectKind::User | ObjectKind::Device),
        P::UserPrincipalName | P::EmployeeId | P::EmployeeType => kind == ObjectKind::User,
        _ => matches!(kind, ObjectKind::User | ObjectKind::Contact),
    }
}

/// What an object holds beside its properties, after a change.
///
/// # Errors
/// [`DirectoryRefusal::Invalid`] where it becomes more than [`MAX_EXTRA_BYTES`].
pub fn merge_extra(
    mut held: BTreeMap<String, Value>,
    changes: &BTreeMap<String, Option<Value>>,
) -> Result<BTreeMap<String, Value>, DirectoryRefusal> {
    for (name, value) in changes {
        match value {
            None | Some(Value::Null) => held.remove(name),
            Some(value) => held.insert(name.clone(), value.clone()),
        };
    }
    let bytes: usize = held.iter().map(|(name, value)| name.len() + value.to_string().len() + 4).sum();
    if bytes <= MAX_EXTRA_BYTES {
        return Ok(held);
    }
    let property = changes.keys().next().cloned().unwrap_or_default();
    let why = format!("what an object holds beside its properties has at most {MAX_EXTRA_BYTES} bytes");
    Err(DirectoryRefusal::Invalid { property, why })
}

/// Puts changes on top of what is there. A new `mail` becomes the primary address, and what was primary another one,
/// unless the addresses are given too.
fn merge(wanted: &mut Properties, changes: &ObjectChanges) {
    let mail_before = wanted.text(Property::Mail).map(str::to_owned);
    for (property, value) in &changes.properties {
        match value {
            Some(PropertyValue::Kept) => {}
            Some(PropertyValue::Text(text)) => wanted.set_text(*property, text.as_str()),
            Some(PropertyValue::List(list)) => wanted.set_list(*property, list.clone()),
            Some(PropertyValue::Flag(flag)) => wanted.set_flag(*property, *flag),
            None => {
                wanted.0.remove(property);
            }
        }
    }
    let mail = wanted.text(Property::Mail).map(str::to_owned);
    if mail == mail_before || changes.properties.contains_key(&Property::ProxyAddresses) {
        return;
    }
    let is_mail = |address: &str| {
        let rest = address.get(5..).filter(|_| address.to_ascii_lowercase().starts_with("smtp:"));
        mail.as_deref().zip(rest).is_some_and(|(mail, rest)| mail.eq_ignore_ascii_case(rest))
    };
    let mut addresses: Vec<String> = Vec::new();
    addresses.extend(mail.as_ref().map(|mail| format!("SMTP:{mail}")));
    for address in wanted.list(Property::ProxyAddresses).iter().filter(|address| !is_mail(address)) {
        match address.strip_prefix("SMTP:") {
            // Without a mail address there is none that was it.
            Some(_) if mail.is_none() => {}
            Some(rest) => addresses.push(format!("smtp:{rest}")),
            None => addresses.push(address.clone()),
        }
    }
    wanted.set_list(Property::ProxyAddresses, addresses);
}

/// Takes what is resolved without an error; the first error is the refusal.
fn accept(resolved: Resolved) -> Result<Resolved, Box<DirectoryRefusal>> {
    match resolved.errors.iter().find(|error| error.code != ErrorCode::NoMailAddress) {
        None => Ok(Resolved { held: Default::default(), errors: Vec::new(), ..resolved }),
        Some(error) => Err(Box::new(refusal_of(error))),
    }
}

fn refusal_of(error: &SyncError) -> DirectoryRefusal {
    let property = error.property.clone().unwrap_or_default();
    let value = error.value.clone().unwrap_or_default();
    match (error.code, &error.other, Property::from_name(&property)) {
        (ErrorCode::PropertyConflict, Some(other), Some(property)) => {
            DirectoryRefusal::Conflict { property, value, other: Box::new(other.clone()) }
        }
        (ErrorCode::DomainNotVerified, ..) => DirectoryRefusal::DomainNotVerified { name: value },
        _ => DirectoryRefusal::Invalid { why: problem_of(&property, &value), property },
    }
}

fn invalid(property: &str, why: &str) -> Box<DirectoryRefusal> {
    Box::new(DirectoryRefusal::Invalid { property: property.to_owned(), why: why.to_owned() })
}

fn named(kind: ObjectKind, id: ObjectId, anchor: Option<SourceAnchor>, wanted: &Properties) -> ObjectRef {
    let name = wanted.text(Property::DisplayName).unwrap_or_default().to_owned();
    ObjectRef { kind: Some(kind), id: Some(id), anchor, name, dn: None }
}
