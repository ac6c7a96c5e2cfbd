//! References between entries: the keyed hash by which the connector space finds who is meant, and the errors
//! for those that lead nowhere.

use lockstep_model::{Entry, ErrorCode, ObjectKind, ObjectRef, SourceAnchor, SyncError};
use lockstep_rules::Reference;
use std::hash::Hasher;
#[expect(deprecated, reason = "the standard library's only SipHash-2-4 with a key of one's own")]
use std::hash::SipHasher;

/// The hash of a [`Reference`], as the connector space stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash(pub i64);

/// Hashes references with a secret key. The key is random and stays in the state: someone who may write to
/// the directory cannot make a DN that is taken for another one.
#[derive(Clone, Copy)]
pub struct KeyHasher {
    key: (u64, u64),
}

impl std::fmt::Debug for KeyHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyHasher")
    }
}

impl KeyHasher {
    /// A hasher with this key.
    pub fn new(key: [u64; 2]) -> Self {
        Self { key: (key[0], key[1]) }
    }

    /// The hash of a reference.
    pub fn hash(&self, reference: &Reference) -> KeyHash {
        match reference {
            Reference::Dn(name) => self.dn(name),
            Reference::Uid(uid) => self.text(b"u", uid),
            Reference::In { source, name } => self.of_source(*source).hash(name),
        }
    }

    /// The hasher of the names of a source: the same name in two sources means two entries. The first source, number 0,
    /// has the names of this one.
    #[must_use]
    pub fn of_source(self, source: usize) -> Self {
        match source {
            0 => self,
            // An odd factor is another one for every source, and cannot be undone by a name.
            source => {
                let salt = (source as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                Self { key: (self.key.0 ^ salt, self.key.1.rotate_left(17) ^ salt) }
            }
        }
    }

    /// The hash of a name by which entries are joined.
    pub fn join(&self, name: &str) -> KeyHash {
        self.text(b"j", name)
    }

    /// The hash of a normalized DN.
    pub fn dn(&self, normalized: &str) -> KeyHash {
        self.text(b"d", normalized)
    }

    #[expect(deprecated, reason = "see the import")]
    fn text(&self, kind: &[u8], text: &str) -> KeyHash {
        let mut hasher = SipHasher::new_with_keys(self.key.0, self.key.1);
        hasher.write(kind);
        hasher.write(text.as_bytes());
        KeyHash(i64::from_ne_bytes(hasher.finish().to_ne_bytes()))
    }
}

/// References of one group that are told one by one; the rest is counted.
const LISTED: usize = 20;

/// The error of a manager who is not in the cloud. `in_directory`: there is such an entry, out of scope.
pub fn unresolved_manager(entry: &Entry, name: &str, reference: &Reference, in_directory: bool) -> SyncError {
    let (why, remedy) = reasons(in_directory, "the manager");
    error(
        object_ref(&entry.anchor, ObjectKind::User, name, &entry.dn),
        "manager",
        reference.name(),
        format!("'{}': the manager \"{}\" {why}; it is left empty", entry.dn, reference.name()),
        remedy,
    )
}

/// The errors of members who are not in the cloud, each with whether there is such an entry, out of scope.
/// At most twenty are told one by one.
pub fn unresolved_members(entry: &Entry, name: &str, unresolved: &[(&Reference, bool)]) -> Vec<SyncError> {
    let object = object_ref(&entry.anchor, ObjectKind::Group, name, &entry.dn);
    let mut errors: Vec<SyncError> = unresolved
        .iter()
        .take(LISTED)
        .map(|(reference, in_directory)| {
            let (why, remedy) = reasons(*in_directory, "the member");
            let text = reference.name();
            let message =
                format!("'{}': the member \"{text}\" {why}; the group is synced without it", entry.dn);
            error(object.clone(), "members", text, message, remedy)
        })
        .collect();
    let rest = unresolved.len().saturating_sub(LISTED);
    if rest > 0 {
        let message =
            format!("'{}': {rest} more members lead nowhere; the group is synced without them", entry.dn);
        let remedy = "Correct the members named one by one first; the next cycle names the next ones.";
        errors.push(error(object, "members", "", message, remedy.to_owned()));
    }
    errors
}

fn reasons(in_directory: bool, who: &str) -> (&'static str, String) {
    if in_directory {
        (
            "is in the directory and out of scope: it is neither a user nor a group that is synced",
            format!(
                "Remove {who} there, or take that entry into the scope; the next change or cycle takes it."
            ),
        )
    } else {
        (
            "does not exist in what is read of the directory",
            format!(
                "Correct or remove {who} in the directory, or widen the search base so that the entry is read."
            ),
        )
    }
}

fn object_ref(anchor: &SourceAnchor, kind: ObjectKind, name: &str, dn: &str) -> ObjectRef {
    ObjectRef {
        kind: Some(kind),
        id: None,
        anchor: Some(anchor.clone()),
        name: name.to_owned(),
        dn: Some(dn.to_owned()),
    }
}

fn error(object: ObjectRef, property: &str, value: &str, message: String, remedy: String) -> SyncError {
    SyncError {
        code: ErrorCode::UnresolvedReference,
        object,
        property: Some(property.to_owned()),
        value: (!value.is_empty()).then(|| value.to_owned()),
        value_in_force: None,
        other: None,
        message,
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_a_kind_make_the_hash() {
        let one = KeyHasher::new([1, 2]);
        let dn = Reference::Dn("uid=ann".into());
        assert_eq!(one.hash(&dn), one.dn("uid=ann"));
        assert_ne!(one.hash(&dn), KeyHasher::new([1, 3]).hash(&dn));
        assert_ne!(one.hash(&dn), one.hash(&Reference::Uid("uid=ann".into())));
        // SipHash-2-4 is a specified function: states written by one version are read by the next.
        assert_eq!(KeyHasher::new([0, 0]).dn("a"), KeyHasher::new([0, 0]).dn("a"));
    }

    #[test]
    fn a_group_of_strangers_is_told_in_few_words() {
        let entry = Entry {
            anchor: SourceAnchor::new("g").unwrap(),
            dn: "cn=g,dc=x".into(),
            attributes: lockstep_model::Attributes::new(),
        };
        let references: Vec<Reference> = (0..25).map(|n| Reference::Dn(format!("uid={n:02}"))).collect();
        let list: Vec<_> = references.iter().map(|r| (r, false)).collect();
        let errors = unresolved_members(&entry, "G", &list);
        assert_eq!(errors.len(), 21);
        assert!(errors[0].message.contains("cn=g,dc=x") && errors[0].message.contains("uid=00"));
        assert!(errors[20].message.contains("5 more members"), "{}", errors[20].message);
    }
}
