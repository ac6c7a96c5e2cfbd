//! What stops or degrades one object. A [`SyncError`] is data: it is stored, listed and cured, and never
//! ends a run.

use crate::{ObjectId, ObjectKind, SourceAnchor};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A stable code for one kind of error; each has a page in the book under `errors/<code>`.
/// Names follow Entra's where Entra has the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub enum ErrorCode {
    /// A new or changed value belongs to another object already; the object keeps going without it
    /// (quarantine: the sign-in name gets a placeholder, an address is left out).
    PropertyConflict,
    /// As above, where quarantine cannot help: the object is refused.
    AttributeValueMustBeUnique,
    /// A cloud object with the same primary address exists, and has another source anchor.
    InvalidSoftMatch,
    /// The object with this source anchor may not be taken over.
    InvalidHardMatch,
    /// The matching cloud object is of another kind.
    ObjectTypeMismatch,
    /// A value has forbidden characters or a wrong form.
    DataValidationFailed,
    /// A value is longer than the cloud allows.
    ExceededAllowedLength,
    /// The domain of the sign-in name is not verified; a placeholder is used.
    DomainNotVerified,
    /// A manager or member names an object that is not in the cloud.
    UnresolvedReference,
    /// A group is, through others, a member of itself.
    CircularNesting,
    /// A person has no mail address.
    NoMailAddress,
    /// The tenant holds as many objects as it may.
    QuotaExceeded,
    /// The client asks to change or delete an object that is not synced.
    DeletingCloudOnlyObjectNotAllowed,
    /// The entry cannot become a cloud object: a value the mapping needs is missing or unreadable.
    MappingFailed,
    /// Which object an entry of a further source belongs to cannot be told: several would do, or another entry of that
    /// source claims the same one.
    AmbiguousJoin,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: &'static [Self] = &[
        Self::PropertyConflict,
        Self::AttributeValueMustBeUnique,
        Self::InvalidSoftMatch,
        Self::InvalidHardMatch,
        Self::ObjectTypeMismatch,
        Self::DataValidationFailed,
        Self::ExceededAllowedLength,
        Self::DomainNotVerified,
        Self::UnresolvedReference,
        Self::CircularNesting,
        Self::NoMailAddress,
        Self::QuotaExceeded,
        Self::DeletingCloudOnlyObjectNotAllowed,
        Self::MappingFailed,
        Self::AmbiguousJoin,
    ];

    /// The code as text, as it stands in JSON and in the book.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PropertyConflict => "PropertyConflict",
            Self::AttributeValueMustBeUnique => "AttributeValueMustBeUnique",
            Self::InvalidSoftMatch => "InvalidSoftMatch",
            Self::InvalidHardMatch => "InvalidHardMatch",
            Self::ObjectTypeMismatch => "ObjectTypeMismatch",
            Self::DataValidationFailed => "DataValidationFailed",
            Self::ExceededAllowedLength => "ExceededAllowedLength",
            Self::DomainNotVerified => "DomainNotVerified",
            Self::UnresolvedReference => "UnresolvedReference",
            Self::CircularNesting => "CircularNesting",
            Self::NoMailAddress => "NoMailAddress",
            Self::QuotaExceeded => "QuotaExceeded",
            Self::DeletingCloudOnlyObjectNotAllowed => "DeletingCloudOnlyObjectNotAllowed",
            Self::MappingFailed => "MappingFailed",
            Self::AmbiguousJoin => "AmbiguousJoin",
        }
    }

    /// The code of a text.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }

    /// The category an admin filters by.
    pub const fn category(self) -> ErrorCategory {
        match self {
            Self::PropertyConflict | Self::AttributeValueMustBeUnique => ErrorCategory::DuplicateAttribute,
            Self::InvalidSoftMatch
            | Self::InvalidHardMatch
            | Self::ObjectTypeMismatch
            | Self::AmbiguousJoin => ErrorCategory::DataMismatch,
            Self::DataValidationFailed
            | Self::DomainNotVerified
            | Self::NoMailAddress
            | Self::MappingFailed => ErrorCategory::DataValidation,
            Self::ExceededAllowedLength => ErrorCategory::LargeAttribute,
            Self::UnresolvedReference | Self::CircularNesting => ErrorCategory::Reference,
            Self::QuotaExceeded | Self::DeletingCloudOnlyObjectNotAllowed => ErrorCategory::Other,
        }
    }

    /// What the error does to its object.
    pub const fn severity(self) -> Severity {
        match self {
            Self::AttributeValueMustBeUnique
            | Self::InvalidSoftMatch
            | Self::InvalidHardMatch
            | Self::ObjectTypeMismatch
            | Self::QuotaExceeded
            | Self::DeletingCloudOnlyObjectNotAllowed
            | Self::MappingFailed
            | Self::AmbiguousJoin => Severity::Blocked,
            Self::PropertyConflict
            | Self::DataValidationFailed
            | Self::ExceededAllowedLength
            | Self::DomainNotVerified
            | Self::UnresolvedReference => Severity::Degraded,
            Self::CircularNesting | Self::NoMailAddress => Severity::Notice,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The tiles of the error page; the first four are Entra Connect Health's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub enum ErrorCategory {
    /// Two objects claim one value.
    DuplicateAttribute,
    /// Source and cloud disagree on what the object is.
    DataMismatch,
    /// A value has a wrong form.
    DataValidation,
    /// A value or object is too large.
    LargeAttribute,
    /// A link leads nowhere or in a ring.
    Reference,
    /// Anything else.
    Other,
}

/// What an error does to its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The object is not in the cloud, or none of its changes arrive.
    Blocked,
    /// The object is in the cloud, with a value replaced or left out.
    Degraded,
    /// The object is in the cloud as it is in the source; the source looks wrong.
    Notice,
}

/// One object, named well enough for an admin to find it on either side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// User or group, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ObjectKind>,
    /// Cloud id, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ObjectId>,
    /// Source anchor, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<SourceAnchor>,
    /// Display name, else DN, else anchor.
    pub name: String,
    /// DN in the source, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dn: Option<String>,
}

/// What is wrong with one object, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncError {
    /// The stable code.
    pub code: ErrorCode,
    /// The object that suffers.
    pub object: ObjectRef,
    /// The property at fault, by its Graph name, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// The value that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The value now in force instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_in_force: Option<String>,
    /// The other object, where two are concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<ObjectRef>,
    /// The cause, in one sentence that names the object.
    pub message: String,
    /// The next step.
    pub remedy: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_one_name() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_name(code.as_str()), Some(*code));
            assert_eq!(serde_json::to_value(code).unwrap(), serde_json::json!(code.as_str()));
        }
    }
}
