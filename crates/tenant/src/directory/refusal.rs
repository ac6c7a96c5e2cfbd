//! Why a directory write is refused.

use crate::store::StoreError;
use lockstep_model::{ObjectId, ObjectRef, Property};
use std::fmt;

/// Why a directory write did not happen.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It is not allowed; nothing was written.
    #[error(transparent)]
    Refused(#[from] Box<DirectoryRefusal>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A link between objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkName {
    /// `manager` of a user.
    Manager,
    /// `members` of a group.
    Members,
    /// `owners` of a group.
    Owners,
}

impl LinkName {
    /// Graph's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manager => "manager",
            Self::Members => "members",
            Self::Owners => "owners",
        }
    }
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a directory write is not allowed. The texts are for people; where Graph has a text of its own, it is Graph's.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DirectoryRefusal {
    /// There is no such object, or not where the operation looks for it: a deleted one to update, a living one to
    /// restore.
    #[error(
        "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
    )]
    NotFound {
        /// The id asked for.
        id: ObjectId,
    },
    /// The other end of a link is not there, or is no member to be removed.
    #[error(
        "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
    )]
    ReferenceNotFound {
        /// The link.
        link: LinkName,
        /// The other end.
        id: ObjectId,
    },
    /// The object is synced: what its directory says is changed there.
    #[error(
        "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration."
    )]
    Mastered {
        /// What was to be changed: names of properties, `manager`, `members`; empty for a deletion.
        properties: Vec<String>,
    },
    /// Another object has the value.
    #[error("Another object with the same value for property {property} already exists.")]
    Conflict {
        /// The property.
        property: Property,
        /// The value.
        value: String,
        /// The other object.
        other: Box<ObjectRef>,
    },
    /// A value has a wrong form.
    #[error("Invalid value specified for property '{property}' of the object: {why}.")]
    Invalid {
        /// The property.
        property: String,
        /// What is wrong with it, without a full stop.
        why: String,
    },
    /// The domain of the sign-in name is not a verified one.
    #[error(
        "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization."
    )]
    DomainNotVerified {
        /// The name.
        name: String,
    },
    /// The property is not one that is written in the cloud, or not one of this kind of object.
    #[error("Property '{property}' is read-only or does not exist on this kind of object.")]
    NotWritable {
        /// The property.
        property: String,
    },
    /// The object is another than the caller saw.
    #[error("The object was changed meanwhile: it has version {version}. Read it anew and try again.")]
    Changed {
        /// Its version now.
        version: u64,
    },
    /// It is a member already.
    #[error(
        "One or more added object references already exist for the following modified properties: '{link}'."
    )]
    AlreadyLinked {
        /// The link.
        link: LinkName,
        /// The other end.
        id: ObjectId,
    },
    /// The group would be, directly or through others, a member of itself.
    #[error(
        "Adding '{member}' would make the group '{group}' a member of itself; remove the other link of the ring first."
    )]
    Ring {
        /// The group.
        group: ObjectId,
        /// The group to be its member.
        member: ObjectId,
    },
    /// The link cannot lead to this kind of object.
    #[error("'{id}' cannot be the {link} of this object.")]
    WrongKind {
        /// The link.
        link: LinkName,
        /// The other end.
        id: ObjectId,
    },
}

impl DirectoryRefusal {
    /// The property or link at fault, by Graph's name.
    pub fn property(&self) -> Option<&str> {
        match self {
            Self::Conflict { property, .. } => Some(property.as_str()),
            Self::Invalid { property, .. } | Self::NotWritable { property } => Some(property),
            Self::DomainNotVerified { .. } => Some(Property::UserPrincipalName.as_str()),
            Self::ReferenceNotFound { link, .. }
            | Self::AlreadyLinked { link, .. }
            | Self::WrongKind { link, .. } => Some(link.as_str()),
            Self::Ring { .. } => Some(LinkName::Members.as_str()),
            Self::Mastered { properties } => properties.first().map(String::as_str),
            Self::NotFound { .. } | Self::Changed { .. } => None,
        }
    }
}
