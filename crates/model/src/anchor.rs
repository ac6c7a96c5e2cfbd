//! The source anchor: the immutable name by which an object of a directory is known in the cloud.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The immutable identifier of a source object, as text.
///
/// For OpenLDAP it is `entryUUID` in its textual form (`597ae2f6-16a6-1027-98f4-d28b5365dc14`, RFC 4530);
/// binary anchors (`objectGUID`, `mS-DS-ConsistencyGuid`) are base64, as Entra Connect writes `sourceAnchor`.
/// At most [`SourceAnchor::MAX_LEN`] bytes, not empty, no control characters; compared byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceAnchor(Box<str>);

/// Why a text is no source anchor.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AnchorError {
    /// The text is empty.
    #[error("a source anchor cannot be empty")]
    Empty,
    /// The text is longer than [`SourceAnchor::MAX_LEN`] bytes.
    #[error("a source anchor has at most {max} bytes, this one has {found}", max = SourceAnchor::MAX_LEN)]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// The text has a control character.
    #[error("a source anchor cannot hold control characters")]
    ControlCharacter,
}

impl SourceAnchor {
    /// Bytes an anchor may have.
    pub const MAX_LEN: usize = 255;

    /// Takes a text as an anchor.
    pub fn new(text: impl Into<String>) -> Result<Self, AnchorError> {
        let text: String = text.into();
        if text.is_empty() {
            return Err(AnchorError::Empty);
        }
        if text.len() > Self::MAX_LEN {
            return Err(AnchorError::TooLong { found: text.len() });
        }
        if text.chars().any(char::is_control) {
            return Err(AnchorError::ControlCharacter);
        }
        Ok(Self(text.into_boxed_str()))
    }

    /// The anchor of an RFC 4530 `entryUUID`.
    pub fn from_uuid(uuid: uuid::Uuid) -> Self {
        Self(uuid.hyphenated().to_string().into_boxed_str())
    }

    /// The anchor by which an entry of a further source is known: the name of the source, a colon, its anchor there.
    ///
    /// # Errors
    /// It would be too long.
    pub fn of_source(source: &str, anchor: &Self) -> Result<Self, AnchorError> {
        Self::new(format!("{source}:{anchor}"))
    }

    /// The anchor in the further source of this name; none where it is of another.
    pub fn within(&self, source: &str) -> Option<Self> {
        Self::new(self.0.strip_prefix(source)?.strip_prefix(':')?).ok()
    }

    /// The anchor as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for SourceAnchor {
    type Error = AnchorError;
    fn try_from(text: String) -> Result<Self, AnchorError> {
        Self::new(text)
    }
}

impl From<SourceAnchor> for String {
    fn from(anchor: SourceAnchor) -> String {
        anchor.0.into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_cannot_name_an_object() {
        assert_eq!(SourceAnchor::new(""), Err(AnchorError::Empty));
        assert_eq!(SourceAnchor::new("a\nb"), Err(AnchorError::ControlCharacter));
        assert_eq!(SourceAnchor::new("x".repeat(256)), Err(AnchorError::TooLong { found: 256 }));
        assert!(SourceAnchor::new("x".repeat(255)).is_ok());
    }

    #[test]
    fn compares_case_sensitively() {
        assert_ne!(SourceAnchor::new("Ab").unwrap(), SourceAnchor::new("aB").unwrap());
    }
}
