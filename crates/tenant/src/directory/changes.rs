//! The words of a directory write: which object, which of its properties and links.

use crate::records::StoredObject;
use lockstep_model::{ObjectId, ObjectKind, Property, PropertyValue};
use serde_json::Value;
use std::collections::BTreeMap;

/// Bytes that an object's extra properties may have, as JSON.
pub const MAX_EXTRA_BYTES: usize = 64 * 1024;
/// Owners that a group may have, as in Graph.
pub const MAX_OWNERS: usize = 100;
/// Characters of an external id.
pub const MAX_EXTERNAL_ID: usize = 1_024;

/// One write, and who makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryWrite {
    /// The person or program, as the history names it: `ann`, `scim: HR`.
    pub actor: String,
    /// What is done.
    pub operation: DirectoryOperation,
}

impl DirectoryWrite {
    /// A write by this person or program.
    pub fn by(actor: impl Into<String>, operation: DirectoryOperation) -> Self {
        Self { actor: actor.into(), operation }
    }
}

/// What is done to one object.
#[derive(Clone, Debug, PartialEq)]
pub enum DirectoryOperation {
    /// A new cloud-only object. A user without `userPrincipalName` gets one in the initial domain.
    Create {
        /// What it is.
        kind: ObjectKind,
        /// Its properties and links.
        changes: ObjectChanges,
    },
    /// Properties and links of a living object are merged: what `changes` does not name stays.
    Update {
        /// Which.
        id: ObjectId,
        /// What changes.
        changes: ObjectChanges,
        /// The version that the caller saw; another one refuses the write.
        expected: Option<u64>,
    },
    /// A living object is deleted softly: it can be restored until it is purged.
    Delete {
        /// Which.
        id: ObjectId,
        /// The version that the caller saw.
        expected: Option<u64>,
    },
    /// A deleted object lives again, with its id and its memberships. One that was synced is the cloud's own from
    /// then on, until a sync client sends it again.
    Restore {
        /// Which.
        id: ObjectId,
        /// Another sign-in name in place of the one it had.
        sign_in_name: Option<String>,
        /// Leaves out addresses that another object has by now, in place of refusing.
        drop_conflicting_addresses: bool,
    },
    /// A deleted object goes for good.
    Purge {
        /// Which.
        id: ObjectId,
    },
}

/// What changes of an object. A `None` value clears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectChanges {
    /// Properties of the model, by [`shape`]. Empty texts and lists clear.
    pub properties: BTreeMap<Property, Option<PropertyValue>>,
    /// Further properties that Lockstep keeps and hands out without knowing them, by name: `usageLocation`. They are
    /// the cloud's own even on a synced object. At most [`MAX_EXTRA_BYTES`] of JSON.
    pub extra: BTreeMap<String, Option<Value>>,
    /// SCIM's `externalId`: the caller's own name of the object. Found by `Field::ExternalId`; need not be unique.
    pub external_id: Option<Option<String>>,
    /// The manager, a living user. Users only.
    pub manager: Option<Option<ObjectId>>,
    /// Members. Groups only.
    pub members: MemberChanges,
    /// Owners: living users, at most [`MAX_OWNERS`]. Groups only; the cloud's own even of a synced group.
    pub owners: MemberChanges,
}

/// What changes of a group's members, or of its owners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MemberChanges {
    /// Nothing.
    #[default]
    Keep,
    /// Some come, some go.
    Change {
        /// Living objects to be members.
        add: Vec<ObjectId>,
        /// Members to go.
        remove: Vec<ObjectId>,
        /// Whether one that is a member already, or is none, refuses the write (Graph); else it is passed over (SCIM).
        exact: bool,
    },
    /// These and no others are the living members.
    Replace(Vec<ObjectId>),
}

impl ObjectChanges {
    /// Sets a text; an empty one clears.
    pub fn set_text(&mut self, property: Property, text: impl Into<String>) -> &mut Self {
        self.properties.insert(property, Some(PropertyValue::Text(text.into())));
        self
    }

    /// Sets a list; an empty one clears.
    pub fn set_list(&mut self, property: Property, list: Vec<String>) -> &mut Self {
        self.properties.insert(property, Some(PropertyValue::List(list)));
        self
    }

    /// Sets a flag.
    pub fn set_flag(&mut self, property: Property, flag: bool) -> &mut Self {
        self.properties.insert(property, Some(PropertyValue::Flag(flag)));
        self
    }

    /// Clears a property.
    pub fn clear(&mut self, property: Property) -> &mut Self {
        self.properties.insert(property, None);
        self
    }

    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a write came to.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryWritten {
    /// The object as it is now; of a purge, as it was.
    pub object: StoredObject,
    /// Whether anything changed. A write that changes nothing leaves version and history as they are.
    pub changed: bool,
}

/// What kind of value a property has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One text.
    Text,
    /// Several texts.
    List,
    /// True or false.
    Flag,
}

/// What kind of value a property has.
pub const fn shape(property: Property) -> Shape {
    match property {
        Property::BusinessPhones | Property::HomePhones | Property::ProxyAddresses => Shape::List,
        Property::AccountEnabled | Property::MailEnabled | Property::SecurityEnabled => Shape::Flag,
        _ => Shape::Text,
    }
}
