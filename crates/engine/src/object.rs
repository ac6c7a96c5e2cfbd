//! One object: what is wanted of it, against what the cloud confirmed.

use lockstep_model::plan::{Action, DeleteReason, PlanItem, PropertyChange};
use lockstep_model::provisioning::{BulkOperation, PostOperation};
use lockstep_model::scim::{ScimGroup, ScimUser, path_of};
use lockstep_model::{Fingerprint, ObjectKind, Properties, Property, PropertyValue, SourceAnchor};
use lockstep_rules::{MappedObject, Trace};
use std::collections::BTreeSet;

/// Whom the manager's reference means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manager {
    /// The entry names none.
    None,
    /// This object.
    Is(SourceAnchor),
    /// Someone who is not in the cloud. `in_directory`: there is such an entry, out of scope.
    Unresolved {
        /// Whether there is such an entry.
        in_directory: bool,
    },
}

impl Manager {
    /// The anchor, where there is one.
    pub fn anchor(&self) -> Option<&SourceAnchor> {
        match self {
            Self::Is(anchor) => Some(anchor),
            Self::None | Self::Unresolved { .. } => None,
        }
    }
}

/// What the directory wants of one object in the cloud.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Its anchor.
    pub anchor: &'a SourceAnchor,
    /// Its DN.
    pub dn: &'a str,
    /// What the mapping made of it.
    pub mapped: &'a MappedObject,
    /// Its manager, resolved.
    pub manager: Option<&'a SourceAnchor>,
}

impl Wanted<'_> {
    /// The fingerprint by which it is compared with what was confirmed.
    pub fn fingerprint(&self) -> Fingerprint {
        self.mapped.properties.fingerprint(self.mapped.kind, self.manager)
    }

    /// A name for people.
    pub fn name(&self) -> &str {
        self.mapped.properties.text(Property::DisplayName).unwrap_or(self.dn)
    }
}

/// What the cloud confirmed of one object, as far as it is known in words.
#[derive(Clone, Debug, Default)]
pub struct Confirmed {
    /// The properties, where known.
    pub properties: Properties,
    /// The manager.
    pub manager: Option<SourceAnchor>,
}

/// The operation that makes or updates an object. Members do not travel in it.
pub fn post_operation(
    kind: ObjectKind,
    anchor: &SourceAnchor,
    properties: Properties,
    manager: Option<SourceAnchor>,
) -> BulkOperation {
    BulkOperation::Post(match kind {
        ObjectKind::User => PostOperation::User(Box::new(ScimUser::of(anchor, properties, manager))),
        ObjectKind::Group => PostOperation::Group(Box::new(ScimGroup::of(anchor, properties))),
        ObjectKind::Contact => PostOperation::Contact(Box::new(ScimUser::of(anchor, properties, manager))),
        ObjectKind::Device => PostOperation::Device(Box::new(ScimGroup::of(anchor, properties))),
    })
}

/// The operation that deletes an object.
pub fn delete_operation(kind: ObjectKind, anchor: &SourceAnchor) -> BulkOperation {
    BulkOperation::Delete { path: path_of(kind, anchor) }
}

/// The properties that differ, in order. One whose value is to be kept does not.
pub fn changed(before: &Properties, after: &Properties) -> impl Iterator<Item = Property> {
    let names: BTreeSet<Property> = before.iter().chain(after.iter()).map(|(property, _)| property).collect();
    names.into_iter().filter(|property| {
        let after = after.get(*property);
        after != Some(&PropertyValue::Kept) && before.get(*property) != after
    })
}

/// A create or an update in words. `confirmed`: none for a create. `members`: how many come and go.
pub fn describe(
    wanted: &Wanted<'_>,
    confirmed: Option<&Confirmed>,
    members: (u64, u64),
    rules: &Trace<'_>,
) -> PlanItem {
    let none = Confirmed::default();
    let before = confirmed.unwrap_or(&none);
    let after = &wanted.mapped.properties;
    let changes = changed(&before.properties, after)
        .map(|property| PropertyChange {
            property,
            before: before.properties.get(property).cloned(),
            after: after.get(property).cloned(),
            rule: rules.of(property).to_owned(),
        })
        .collect();
    let manager = (before.manager.as_ref() != wanted.manager)
        .then(|| (before.manager.clone(), wanted.manager.cloned()));
    PlanItem {
        action: if confirmed.is_some() { Action::Update } else { Action::Create },
        reason: None,
        kind: wanted.mapped.kind,
        anchor: wanted.anchor.clone(),
        name: wanted.name().to_owned(),
        dn: Some(wanted.dn.to_owned()),
        changes,
        manager,
        members_added: members.0,
        members_removed: members.1,
    }
}

/// The properties by which a user's account is disabled and all else stays as it is.
pub fn disabled() -> Properties {
    let mut properties: Properties =
        Properties(Property::ALL.iter().map(|property| (*property, PropertyValue::Kept)).collect());
    properties.set_flag(Property::AccountEnabled, false);
    properties
}

/// In words that a user's account is disabled.
pub fn describe_disabling(anchor: &SourceAnchor, name: &str, dn: Option<&str>, rule: &str) -> PlanItem {
    let change = PropertyChange {
        property: Property::AccountEnabled,
        before: None,
        after: Some(PropertyValue::Flag(false)),
        rule: rule.to_owned(),
    };
    PlanItem {
        action: Action::Update,
        changes: vec![change],
        ..describe_deletion(ObjectKind::User, anchor, name, dn, DeleteReason::LeftScope)
    }
}

/// A deletion in words.
pub fn describe_deletion(
    kind: ObjectKind,
    anchor: &SourceAnchor,
    name: &str,
    dn: Option<&str>,
    reason: DeleteReason,
) -> PlanItem {
    PlanItem {
        action: Action::Delete,
        reason: Some(reason),
        kind,
        anchor: anchor.clone(),
        name: name.to_owned(),
        dn: dn.map(str::to_owned),
        changes: Vec::new(),
        manager: None,
        members_added: 0,
        members_removed: 0,
    }
}
