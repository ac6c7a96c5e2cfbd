//! Guided fixes of errors between two objects: which of them a case allows, what each would do, and why one is refused.
//! A store does them; what it would do it finds out by doing it and taking it back, so that a preview is never another
//! thing than what it previews.
//!
//! Rules: the fixes of Microsoft Entra Connect Health for duplicate attributes. The one that it does by itself moves the
//! source anchor to the object that is to be kept; where an object of the directory holds the value, the directory is
//! where it is changed.
//!
//! **Invariant:** what is allowed is a pure function of the error and its two objects.

use crate::history::HistoryRow;
use crate::provision::address_key;
use crate::records::ErrorRow;
use lockstep_model::{ErrorCode, ObjectKind, ObjectRef, Properties, Property, SyncError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What can be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fix {
    /// Both are the same person: the cloud object that holds the value is the one to keep. It gets the source anchor, so
    /// that the entry matches it hard; the object that was made of the entry is deleted, and can be restored.
    MoveAnchor,
    /// They are two: the cloud object that holds the value gives it up, and the synced one gets it.
    DropValue,
}

impl Fix {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::MoveAnchor, Self::DropValue];
}

/// One of the two objects of an error, as it is in the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// What kind of object.
    pub kind: ObjectKind,
    /// `onPremisesSyncEnabled`.
    pub sync_enabled: Option<bool>,
}

impl Party {
    fn is_synced(&self) -> bool {
        self.sync_enabled == Some(true)
    }
}

/// Whether a fix can be made in the cloud. `object` is the living object that was made of the entry, none where it was
/// refused; `other` the living object that holds the value.
pub fn allows(fix: Fix, error: &SyncError, object: Option<&Party>, other: Option<&Party>) -> bool {
    let Some(other) = other.filter(|other| !other.is_synced()) else { return false };
    if object.is_some_and(|object| !object.is_synced()) {
        return false;
    }
    let duplicate = matches!(
        error.code,
        ErrorCode::PropertyConflict | ErrorCode::AttributeValueMustBeUnique | ErrorCode::InvalidSoftMatch
    );
    match fix {
        // Entra matches users alone by the anchor; a group's members would have to move as well.
        Fix::MoveAnchor => {
            duplicate
                && error.object.kind == Some(other.kind)
                && matches!(other.kind, ObjectKind::User | ObjectKind::Contact)
        }
        Fix::DropValue => {
            (duplicate || error.code == ErrorCode::ObjectTypeMismatch) && value_in_conflict(error).is_some()
        }
    }
}

/// The property and the value that two objects claim; none where it is the source anchor, or no value is told.
pub fn value_in_conflict(error: &SyncError) -> Option<(Property, &str)> {
    let property = Property::from_name(error.property.as_deref()?)?;
    let one = matches!(property, Property::UserPrincipalName | Property::Mail | Property::ProxyAddresses);
    Some((property, error.value.as_deref()?)).filter(|_| one)
}

/// An object's properties without a value that it gives up; none where it does not have it. A sign-in name goes, so
/// that it gets another. Of addresses the first that is left becomes the primary one, and `mail`, where that went.
pub fn without(in_force: &Properties, property: Property, value: &str) -> Option<Properties> {
    let mut wanted = in_force.clone();
    if property == Property::UserPrincipalName {
        let name = wanted.text(property)?;
        if name.to_lowercase() != value.to_lowercase() {
            return None;
        }
        wanted.0.remove(&property);
        return Some(wanted);
    }
    let key = address_key(value);
    let mut addresses = wanted.list(Property::ProxyAddresses).to_vec();
    let (all, had_primary) = (addresses.len(), addresses.iter().any(|one| one.starts_with("SMTP:")));
    addresses.retain(|one| address_key(one) != key);
    let loses_mail = wanted.text(Property::Mail).is_some_and(|mail| address_key(mail) == key);
    if addresses.len() == all && !loses_mail {
        return None;
    }
    if had_primary
        && !addresses.iter().any(|one| one.starts_with("SMTP:"))
        && let Some(next) = addresses.iter_mut().find(|one| one.starts_with("smtp:"))
        && let Some(rest) = next.get(5..).map(str::to_owned)
    {
        *next = format!("SMTP:{rest}");
    }
    if loses_mail {
        let primary = addresses.iter().find_map(|one| one.strip_prefix("SMTP:")).map(str::to_owned);
        match primary {
            Some(primary) => wanted.set_text(Property::Mail, primary),
            None => {
                wanted.0.remove(&Property::Mail);
            }
        }
    }
    wanted.set_list(Property::ProxyAddresses, addresses);
    Some(wanted)
}

/// What can be done about an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fixes {
    /// The error.
    pub error: ErrorRow,
    /// Names what was looked at: the state of the error and of both objects, and what each fix would do ([`name_of`]).
    pub etag: String,
    /// What each fix would do; empty where nothing can be fixed in the cloud.
    pub fixes: Vec<FixOutcome>,
    /// What can be changed in the directory instead: the entries that claim the value.
    pub entries: Vec<Entry>,
    /// A sign-in name that is free, to give to one of the two; only where it is sign-in names that conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_name: Option<String>,
}

/// What a fix does, or did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FixOutcome {
    /// Which.
    pub fix: Fix,
    /// Every change that it makes, as the history has it, in order.
    pub changes: Vec<HistoryRow>,
    /// The errors that the object has afterwards.
    pub errors: Vec<ErrorRow>,
    /// Whether the error goes with it. If not, it goes when the sync client sends the object again.
    pub cured: bool,
    /// Why it must be confirmed: rights that one of the objects gives, each for people. Empty where it need not be.
    pub privileged: Vec<String>,
}

/// An entry of the directory that claims the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The object that is made of it.
    pub object: ObjectRef,
    /// Its distinguished name.
    pub dn: String,
    /// Whether it is the entry of the other object: the one that holds the value now.
    pub holds: bool,
}

/// A fix to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixRequest {
    /// Which.
    pub fix: Fix,
    /// [`Fixes::etag`] of the preview: anything else refuses it.
    pub etag: String,
    /// That it may be done to objects that give rights: those that the preview told.
    pub confirmed: bool,
    /// Who asks.
    pub actor: String,
}

/// Why a fix was not made. Nothing was written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FixRefusal {
    /// There is no such error, or not any more.
    #[error(
        "The error is not there any more: it is cured, or it became another. Read the list of errors anew."
    )]
    Gone,
    /// The error, one of the objects or what would come of it is another than was previewed.
    #[error(
        "The error, one of its objects or what the fix would do changed since the preview. Look at what it would do now, \
         then apply it."
    )]
    Changed,
    /// It cannot be done in this case.
    #[error("This cannot be done about this error; the fixes that can be are listed with it.")]
    NotOffered,
    /// It concerns objects that give rights.
    #[error("The fix changes an object that gives rights ({}); confirm that it is meant.", .why.join("; "))]
    Unconfirmed {
        /// Which rights.
        why: Vec<String>,
    },
}

/// A name of what a fix does: another one where it would do anything else, to whichever object, or concern other rights.
/// When it is done, and the numbers of rows, are no part of it.
pub fn name_of(outcome: &FixOutcome) -> String {
    let changes: Vec<_> = outcome
        .changes
        .iter()
        .map(|row| {
            let members = (row.members_added, row.members_removed, &row.added, &row.removed);
            (&row.object, row.outcome, &row.changes, &row.errors, members)
        })
        .collect();
    let mut errors: Vec<_> = outcome.errors.iter().map(|row| (&row.error, row.category)).collect();
    errors.sort_by_cached_key(|error| serde_json::to_string(error).unwrap_or_default());
    let said = (outcome.fix, changes, errors, outcome.cured, &outcome.privileged);
    // What is stored and sent as JSON can always be written as JSON.
    let text = serde_json::to_string(&said).unwrap_or_default();
    Sha256::digest(text).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provision::error;

    fn party(kind: ObjectKind, sync_enabled: Option<bool>) -> Party {
        Party { kind, sync_enabled }
    }

    fn case(code: ErrorCode, kind: ObjectKind, property: &str) -> SyncError {
        let object = ObjectRef { kind: Some(kind), name: "x".into(), ..Default::default() };
        error(code, object, Some(property), Some("smtp:a@contoso.com".into()), None, None)
    }

    #[test]
    fn what_is_left() {
        let check = |mail: &str, addresses: &[&str], value: &str, expect: Option<(&str, &[&str])>| {
            let mut held = Properties::new();
            held.set_text(Property::Mail, mail);
            held.set_list(Property::ProxyAddresses, addresses.iter().map(|one| (*one).to_owned()).collect());
            let left = without(&held, Property::ProxyAddresses, value);
            let left = left.as_ref().map(|left| {
                let list = left.list(Property::ProxyAddresses).iter().map(String::as_str).collect::<Vec<_>>();
                (left.text(Property::Mail).unwrap_or_default(), list)
            });
            assert_eq!(left, expect.map(|(mail, list)| (mail, list.to_vec())), "{addresses:?} {value}");
        };
        check("a@x", &["SMTP:a@x", "smtp:b@x"], "SMTP:B@X", Some(("a@x", &["SMTP:a@x"])));
        check("a@x", &["SMTP:a@x", "smtp:b@x"], "smtp:a@x", Some(("b@x", &["SMTP:b@x"])));
        check("a@x", &["SMTP:a@x", "sip:a@x"], "smtp:a@x", Some(("", &["sip:a@x"])));
        check("a@x", &["SMTP:a@x", "sip:a@x"], "SIP:a@x", Some(("a@x", &["SMTP:a@x"])));
        check("a@x", &[], "a@x", Some(("", &[])));
        check("a@x", &["SMTP:b@x"], "a@x", Some(("b@x", &["SMTP:b@x"])));
        check("a@x", &["SMTP:a@x"], "c@x", None);
        let mut named = Properties::new();
        named.set_text(Property::UserPrincipalName, "Ann@x");
        assert_eq!(without(&named, Property::UserPrincipalName, "bob@x"), None);
        let left = without(&named, Property::UserPrincipalName, "ann@X").unwrap();
        assert_eq!(left.text(Property::UserPrincipalName), None);
    }

    #[test]
    fn what_is_offered() {
        use ErrorCode as E;
        use ObjectKind as K;
        let synced = |kind| Some(party(kind, Some(true)));
        let check =
            |code, kind, property: &str, object: Option<Party>, other: Option<Party>, expect: &[Fix]| {
                let error = case(code, kind, property);
                let offered: Vec<Fix> = Fix::ALL
                    .into_iter()
                    .filter(|fix| allows(*fix, &error, object.as_ref(), other.as_ref()))
                    .collect();
                assert_eq!(offered, expect, "{code} {kind:?} {property} {object:?} {other:?}");
            };
        let both = [Fix::MoveAnchor, Fix::DropValue];
        let drop = [Fix::DropValue];
        let address = "proxyAddresses";
        for code in [E::PropertyConflict, E::AttributeValueMustBeUnique, E::InvalidSoftMatch] {
            for cloud in [None, Some(false)] {
                check(code, K::User, address, synced(K::User), Some(party(K::User, cloud)), &both);
            }
            check(code, K::User, address, None, Some(party(K::User, None)), &both);
            check(code, K::User, "userPrincipalName", synced(K::User), Some(party(K::User, None)), &both);
            check(code, K::Contact, "mail", synced(K::Contact), Some(party(K::Contact, None)), &both);
            check(code, K::Group, address, synced(K::Group), Some(party(K::Group, None)), &drop);
            check(code, K::User, address, synced(K::User), Some(party(K::Group, None)), &drop);
            // What the directory holds is changed there.
            check(code, K::User, address, synced(K::User), synced(K::User), &[]);
            check(code, K::User, address, synced(K::User), None, &[]);
            check(code, K::User, address, Some(party(K::User, None)), Some(party(K::User, None)), &[]);
        }
        check(E::ObjectTypeMismatch, K::User, address, None, Some(party(K::Group, None)), &drop);
        check(E::ObjectTypeMismatch, K::User, "", None, Some(party(K::Group, None)), &[]);
        check(E::InvalidHardMatch, K::User, address, None, Some(party(K::User, None)), &[]);
        check(E::CircularNesting, K::Group, "members", synced(K::Group), Some(party(K::Group, None)), &[]);
    }
}
