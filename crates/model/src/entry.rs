//! An entry of a source directory, as a connector reads it.

use crate::anchor::SourceAnchor;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// An LDAP attribute description (RFC 4512 section 2.5) in lower case, options included:
/// `mail`, `member;range=0-1499`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttributeName(CompactString);

impl AttributeName {
    /// The name in lower case, which is how names are compared.
    pub fn new(name: &str) -> Self {
        // Most names come in lower case already: those that were stored, and those that a reader folded.
        if name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
            return Self(CompactString::new(name));
        }
        Self(CompactString::from_str_to_lowercase(name))
    }

    /// The name as text, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for AttributeName {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

/// Attributes with their values, sorted by name; the order of values is the server's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(Vec<(AttributeName, Vec<Vec<u8>>)>);

impl Attributes {
    /// No attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// These attributes, where they are sorted by name and no name is there twice, as [`Attributes::iter`] gives
    /// them; none otherwise.
    pub fn from_sorted(list: Vec<(AttributeName, Vec<Vec<u8>>)>) -> Option<Self> {
        list.is_sorted_by(|(a, _), (b, _)| a < b).then_some(Self(list))
    }

    /// Adds values to an attribute, making it where it is missing.
    pub fn add(&mut self, name: AttributeName, values: impl IntoIterator<Item = Vec<u8>>) {
        match self.0.binary_search_by(|(n, _)| n.cmp(&name)) {
            Ok(at) => {
                if let Some((_, held)) = self.0.get_mut(at) {
                    held.extend(values);
                }
            }
            Err(at) => self.0.insert(at, (name, values.into_iter().collect())),
        }
    }

    /// Takes an attribute out and returns its values.
    pub fn take(&mut self, name: &str) -> Option<Vec<Vec<u8>>> {
        let at = self.position(name)?;
        Some(self.0.remove(at).1)
    }

    /// All values of an attribute; none where it is absent. `name` is in lower case.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        self.position(name).and_then(|at| self.0.get(at)).map_or(&[], |(_, values)| values.as_slice())
    }

    /// All values that are UTF-8 text; others are passed over.
    pub fn texts<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.values(name).iter().filter_map(|v| std::str::from_utf8(v).ok())
    }

    /// The first value that is UTF-8 text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).next()
    }

    /// Whether the attribute is there.
    pub fn has(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// Every attribute, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&AttributeName, &[Vec<u8>])> {
        self.0.iter().map(|(name, values)| (name, values.as_slice()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.0.binary_search_by(|(n, _)| n.as_str().cmp(name)).ok()
    }
}

impl FromIterator<(AttributeName, Vec<Vec<u8>>)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (AttributeName, Vec<Vec<u8>>)>>(items: I) -> Self {
        let mut attributes = Self::new();
        for (name, values) in items {
            attributes.add(name, values);
        }
        attributes
    }
}

/// A whole entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its immutable identifier.
    pub anchor: SourceAnchor,
    /// Its distinguished name as the server wrote it (RFC 4514).
    pub dn: String,
    /// Its attributes, operational ones that were asked for included.
    pub attributes: Attributes,
}
