//! What became of objects: one row for each operation that changed something, kept in the transaction that made
//! the change, so that history and state never disagree.

use crate::query::Page;
use lockstep_model::{
    ClientId, ErrorCode, ObjectId, ObjectKind, PropertyValue, RunId, SourceAnchor, Timestamp,
};
use serde::{Deserialize, Serialize};

/// Members that one row names; more are counted only.
pub const MAX_NAMED_MEMBERS: usize = 100;

/// What was done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HistoryOutcome {
    /// It was made.
    Created,
    /// A cloud object was taken over.
    Matched,
    /// It was deleted, and is there again.
    Restored,
    /// Properties or the manager changed.
    Updated,
    /// It was deleted, softly.
    Deleted,
    /// It was refused; nothing of it was written.
    Refused,
    /// Members of a group were added or removed.
    Membership,
    /// The tenant worked out anew what is in force: a value became free, or a domain came or went.
    Recalculated,
    /// It was deleted for good.
    Purged,
    /// A person does not want to see an error of it until what that is about changes.
    ErrorIgnored,
    /// An error that was ignored is shown again: a person asked for it, or what it is about changed.
    ErrorShown,
}

impl HistoryOutcome {
    /// All of them, with the names that they have in JSON.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Created, "created"),
        (Self::Matched, "matched"),
        (Self::Restored, "restored"),
        (Self::Updated, "updated"),
        (Self::Deleted, "deleted"),
        (Self::Refused, "refused"),
        (Self::Membership, "membership"),
        (Self::Recalculated, "recalculated"),
        (Self::Purged, "purged"),
        (Self::ErrorIgnored, "errorIgnored"),
        (Self::ErrorShown, "errorShown"),
    ];

    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(outcome, _)| *outcome == self).map_or("", |(_, name)| name)
    }

    /// The outcome of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(outcome, _)| *outcome)
    }
}

/// One property that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryChange {
    /// Graph's name; `manager` for the manager, whose value is a source anchor, or an id where it was set in the
    /// cloud; `owners` for those of a group, by id; `ignored` for an error that is ignored, or is no more.
    pub property: String,
    /// What was in force; absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<PropertyValue>,
    /// What is in force from then on; absent where the property went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<PropertyValue>,
    /// The flow that gave the value, as the sync client named it: `mail <- mail`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// The object of a row, by its names of today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryObject {
    /// Graph's id; absent for one that was only ever refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ObjectId>,
    /// User or group.
    pub kind: ObjectKind,
    /// Source anchor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<SourceAnchor>,
    /// A name for people.
    pub name: String,
}

/// A member that came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryMember {
    /// Source anchor; absent for one that is the cloud's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<SourceAnchor>,
    /// Graph's id, where the tenant has the object today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ObjectId>,
    /// Its name today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// One change of one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryRow {
    /// Grows with time.
    pub id: i64,
    /// When, by the tenant's clock.
    pub at: Timestamp,
    /// The run of the sync client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The sync client; absent where the tenant did it by itself, or a person or program in the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// The person or program that changed it in the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Whose change.
    pub object: HistoryObject,
    /// What was done.
    pub outcome: HistoryOutcome,
    /// What changed, by property. Of a new object nothing is listed: all of it is new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<HistoryChange>,
    /// Codes of the errors that the object had after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorCode>,
    /// Members added.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub members_added: u64,
    /// Members removed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub members_removed: u64,
    /// The first of those added, at most [`MAX_NAMED_MEMBERS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<HistoryMember>,
    /// The first of those removed, at most [`MAX_NAMED_MEMBERS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<HistoryMember>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A question for the history. Answered newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Only this object: its id, source anchor, sign-in name or mail address.
    pub object: Option<String>,
    /// Only this run.
    pub run: Option<RunId>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub to: Option<Timestamp>,
    /// Only what was done so.
    pub outcome: Option<HistoryOutcome>,
    /// Only where this property changed (`members` for memberships).
    pub property: Option<String>,
    /// Only where a rule with this text gave a value, without regard to case.
    pub rule: Option<String>,
    /// Only where a name, value or anchor holds this text, without regard to case.
    pub search: Option<String>,
    /// Rows a page; 1 to 999. A page may have fewer though more follow: a store looks at a bounded number of rows.
    pub top: usize,
    /// Where the page before ended.
    pub after: Option<String>,
}

/// A page of the history; none where the object asked for is not known.
pub type HistoryPage = Option<Page<HistoryRow>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_named_as_in_json() {
        for (outcome, name) in HistoryOutcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), serde_json::json!(name));
            assert_eq!(HistoryOutcome::from_name(name), Some(outcome));
            assert_eq!(outcome.as_str(), name);
        }
        assert_eq!(HistoryOutcome::from_name("x"), None);
    }
}
