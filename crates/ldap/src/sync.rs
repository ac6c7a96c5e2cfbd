//! The messages of content synchronization (RFC 4533). What follows from them is the business of the caller.

use crate::ber::{DecodeError, Reader, Writer, tag};
use crate::message::{MAX_VALUES, SearchEntry};
use uuid::Uuid;

/// Sync Request control.
pub const REQUEST_CONTROL: &str = "1.3.6.1.4.1.4203.1.9.1.1";
/// Sync State control.
pub const STATE_CONTROL: &str = "1.3.6.1.4.1.4203.1.9.1.2";
/// Sync Done control.
pub const DONE_CONTROL: &str = "1.3.6.1.4.1.4203.1.9.1.3";
/// Sync Info intermediate response.
pub const INFO_MESSAGE: &str = "1.3.6.1.4.1.4203.1.9.1.4";

/// How long a synchronization lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncMode {
    /// Until everything that changed was sent.
    RefreshOnly,
    /// After that the server sends changes as they happen.
    RefreshAndPersist,
}

/// The Sync Request control (RFC 4533 section 2.2). The reload hint is never set: a server that cannot go on
/// from the cookie must say so (4096), and this client decides what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRequest {
    /// How long it lasts.
    pub mode: SyncMode,
    /// Where to go on; none for everything.
    pub cookie: Option<Vec<u8>>,
}

/// What an entry is, by its Sync State control (RFC 4533 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncState {
    /// Exists and did not change; the entry has no attributes.
    Present,
    /// New, or in a refresh: as it is now.
    Add,
    /// Changed.
    Modify,
    /// Gone from the content; the entry has no attributes.
    Delete,
}

/// The Sync State control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncStateValue {
    /// What the entry is.
    pub state: SyncState,
    /// Its `entryUUID`.
    pub uuid: Uuid,
    /// The position after this message, where given.
    pub cookie: Option<Vec<u8>>,
}

/// The Sync Done control (RFC 4533 section 2.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncDone {
    /// The position reached, where given.
    pub cookie: Option<Vec<u8>>,
    /// True: the server named each entry that is gone. False: what it did not name is gone.
    pub refresh_deletes: bool,
}

/// One step of a synchronization.
#[derive(Clone, Debug, PartialEq)]
pub enum SyncEvent {
    /// An entry with its state.
    Entry {
        /// What the entry is.
        state: SyncState,
        /// Its `entryUUID`.
        uuid: Uuid,
        /// The position after this message, where given.
        cookie: Option<Vec<u8>>,
        /// The entry; for [`SyncState::Present`] and [`SyncState::Delete`] at most its DN.
        entry: SearchEntry,
    },
    /// Sync Info newcookie: nothing but a new position.
    NewCookie(Vec<u8>),
    /// Sync Info refreshDelete: a delete phase ends, and with `done` the refresh stage.
    RefreshDelete {
        /// The position reached, where given.
        cookie: Option<Vec<u8>>,
        /// Whether the refresh stage is over.
        done: bool,
    },
    /// Sync Info refreshPresent: a present phase ends, and with `done` the refresh stage.
    RefreshPresent {
        /// The position reached, where given.
        cookie: Option<Vec<u8>>,
        /// Whether the refresh stage is over.
        done: bool,
    },
    /// Sync Info syncIdSet: these entries are gone (`deletes`), or exist and did not change.
    IdSet {
        /// The position after this message, where given.
        cookie: Option<Vec<u8>>,
        /// Whether the entries are gone.
        deletes: bool,
        /// The entries.
        uuids: Vec<Uuid>,
    },
    /// The search is over.
    Done(SyncDone),
}

impl SyncRequest {
    /// The control's value.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.constructed(tag::SEQUENCE, |w| {
            let mode = match self.mode {
                SyncMode::RefreshOnly => 1,
                SyncMode::RefreshAndPersist => 3,
            };
            w.integer(tag::ENUMERATED, mode);
            if let Some(cookie) = &self.cookie {
                w.octets(cookie);
            }
        });
        writer.into_bytes()
    }
}

impl SyncStateValue {
    pub(crate) fn decode(value: &[u8]) -> Result<Self, DecodeError> {
        let mut content = Reader::new(value).sequence("the Sync State control")?;
        let state = match content.integer(tag::ENUMERATED, "the sync state")? {
            0 => SyncState::Present,
            1 => SyncState::Add,
            2 => SyncState::Modify,
            3 => SyncState::Delete,
            _ => return Err(DecodeError::Range { what: "the sync state" }),
        };
        let uuid = uuid(content.octets("the entry's UUID")?)?;
        let cookie = cookie(&mut content)?;
        Ok(Self { state, uuid, cookie })
    }
}

impl SyncDone {
    pub(crate) fn decode(value: &[u8]) -> Result<Self, DecodeError> {
        let mut content = Reader::new(value).sequence("the Sync Done control")?;
        let cookie = cookie(&mut content)?;
        let refresh_deletes = boolean(&mut content)?.unwrap_or(false);
        Ok(Self { cookie, refresh_deletes })
    }
}

/// Decodes the value of a Sync Info message (RFC 4533 section 2.5).
pub(crate) fn decode_info(value: &[u8]) -> Result<SyncEvent, DecodeError> {
    const WHAT: &str = "the Sync Info message";
    let (choice, content) = Reader::new(value).any(WHAT)?;
    let mut reader = Reader::new(content);
    match choice {
        0x80 => Ok(SyncEvent::NewCookie(content.to_vec())),
        0xa1 | 0xa2 => {
            let cookie = cookie(&mut reader)?;
            let done = boolean(&mut reader)?.unwrap_or(true);
            Ok(if choice == 0xa1 {
                SyncEvent::RefreshDelete { cookie, done }
            } else {
                SyncEvent::RefreshPresent { cookie, done }
            })
        }
        0xa3 => {
            let cookie = cookie(&mut reader)?;
            let deletes = boolean(&mut reader)?.unwrap_or(false);
            let mut set = Reader::new(reader.expect(tag::SET, "the set of UUIDs")?);
            let mut uuids = Vec::new();
            while !set.is_empty() {
                uuids.push(uuid(set.octets("a UUID")?)?);
                if uuids.len() > MAX_VALUES {
                    return Err(DecodeError::TooMany { limit: MAX_VALUES });
                }
            }
            Ok(SyncEvent::IdSet { cookie, deletes, uuids })
        }
        found => Err(DecodeError::Tag { what: WHAT, expected: 0x80, found }),
    }
}

fn cookie(content: &mut Reader<'_>) -> Result<Option<Vec<u8>>, DecodeError> {
    Ok(content.optional(tag::OCTET_STRING, "a sync cookie")?.map(<[u8]>::to_vec))
}

fn boolean(content: &mut Reader<'_>) -> Result<Option<bool>, DecodeError> {
    match content.optional(tag::BOOLEAN, "a boolean")? {
        None => Ok(None),
        Some([octet]) => Ok(Some(*octet != 0)),
        Some(_) => Err(DecodeError::Range { what: "a boolean" }),
    }
}

fn uuid(octets: &[u8]) -> Result<Uuid, DecodeError> {
    Uuid::from_slice(octets).map_err(|_| DecodeError::Range { what: "a UUID" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_as_rfc_4533_has_them() {
        let check = |request: SyncRequest, expect: &[u8]| assert_eq!(request.encode(), expect, "{request:?}");
        check(SyncRequest { mode: SyncMode::RefreshOnly, cookie: None }, &[0x30, 3, 10, 1, 1]);
        check(
            SyncRequest { mode: SyncMode::RefreshAndPersist, cookie: Some(b"ab".to_vec()) },
            &[0x30, 7, 10, 1, 3, 4, 2, b'a', b'b'],
        );
    }

    #[test]
    fn info_defaults_are_those_of_the_rfc() {
        let check =
            |value: &[u8], expect: SyncEvent| assert_eq!(decode_info(value), Ok(expect), "{value:x?}");
        check(&[0x80, 1, b'c'], SyncEvent::NewCookie(b"c".to_vec()));
        check(&[0xa1, 0], SyncEvent::RefreshDelete { cookie: None, done: true });
        check(&[0xa2, 3, 1, 1, 0], SyncEvent::RefreshPresent { cookie: None, done: false });
        check(
            &[0xa2, 6, 4, 1, b'c', 1, 1, 0xff],
            SyncEvent::RefreshPresent { cookie: Some(b"c".to_vec()), done: true },
        );
        check(&[0xa3, 2, 0x31, 0], SyncEvent::IdSet { cookie: None, deletes: false, uuids: Vec::new() });
    }

    #[test]
    fn nonsense_is_refused() {
        for value in [&[][..], &[0xa4, 0], &[0xa3, 0], &[0xa3, 4, 0x31, 2, 4, 0], &[0xa1, 2, 1, 0]] {
            assert!(decode_info(value).is_err(), "{value:x?}");
        }
        assert!(SyncStateValue::decode(&[0x30, 5, 10, 1, 4, 4, 0]).is_err());
        assert!(SyncStateValue::decode(&[0x30, 5, 10, 1, 1, 4, 0]).is_err());
        assert_eq!(SyncDone::decode(&[0x30, 0]), Ok(SyncDone { cookie: None, refresh_deletes: false }));
    }
}
