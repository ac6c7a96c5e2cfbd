//! The connectors that read a directory, one folder each, behind one trait.
//!
//! A connector turns what its directory says into a stream of [`SourceEvent`]s; it keeps nothing between
//! reads, so the caller commits events and [`Watermark`] together and hands the watermark back.
//!
//! **Invariant:** doubt never deletes. A connector that did not see all it asked for ends with a
//! [`SourceError`] and has not sent a [`SourceEvent::Checkpoint`] for what it read.

use async_trait::async_trait;
use lockstep_model::provisioning::DoctorCheck;
use lockstep_model::{AttributeName, Attributes, SourceAnchor, Timestamp, dn};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

mod error;
pub mod ldif;
pub mod openldap;

pub use error::{Cause, SourceError};
pub use ldif::{LdifOptions, LdifSource};
pub use openldap::{OpenLdapOptions, OpenLdapSource};

/// What a source sends while it is read. Order matters.
///
/// ```text
/// Begin(Full)   Change* Present*                 Checkpoint { sweep: true }
/// Begin(Delta)  Change* Present*                 Checkpoint { sweep: true }   (present phase: the rest is gone)
/// Begin(Delta)  Change* Gone*                    Checkpoint { sweep: false }  (delete phase)
/// then, live:   Change | Gone, Checkpoint { sweep: false, live: true }, ...
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum SourceEvent {
    /// A read begins. It is not over until a [`SourceEvent::Checkpoint`].
    Begin(ReadKind),
    /// The entry is so now: new, changed, or the same as before.
    Change(EntryChange),
    /// These entries exist and did not change (RFC 4533 present phase).
    Present(Vec<SourceAnchor>),
    /// These entries are gone, by the source's own word. One that is not known is no error.
    Gone(Vec<SourceAnchor>),
    /// Everything before this may be committed together with the watermark.
    Checkpoint {
        /// Where the next read goes on.
        watermark: Watermark,
        /// What neither a `Change` nor a `Present` named since the last `Begin` is gone.
        sweep: bool,
        /// The refresh is over and the source now sends changes as they happen.
        live: bool,
    },
}

/// What a read is going to name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReadKind {
    /// Every entry. At its end what was not named is gone, if the checkpoint says `sweep`.
    Full,
    /// What changed since the watermark.
    Delta,
}

/// One entry as it is now, or what changed of it.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryChange {
    /// Its immutable identifier.
    pub anchor: SourceAnchor,
    /// Its distinguished name as the server wrote it; absent where the source does not say.
    pub dn: Option<String>,
    /// Whether `attributes` is all of the entry or only what changed.
    pub extent: Extent,
    /// Attributes. Under [`Extent::Partial`] one without values was removed.
    pub attributes: Attributes,
    /// Incremental changes of linked values; always empty under [`Extent::Whole`].
    pub links: Vec<LinkChange>,
}

/// How much of an entry a change holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All selected attributes: one that is not named has no value.
    Whole,
    /// The named attributes only; the others are as they were (Active Directory's DirSync).
    Partial,
}

/// Values that came to and went from a linked attribute (`member`), where the source says so one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkChange {
    /// The attribute.
    pub attribute: AttributeName,
    /// DNs that are now among its values.
    pub added: Vec<String>,
    /// DNs that are not any more.
    pub removed: Vec<String>,
}

/// What one entry is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryName {
    /// Its anchor.
    Anchor(SourceAnchor),
    /// Its DN, as a person writes it.
    Dn(String),
}

impl EntryName {
    /// Whether it names this entry.
    pub fn is_of(&self, change: &EntryChange) -> bool {
        match self {
            Self::Anchor(anchor) => change.anchor == *anchor,
            Self::Dn(name) => {
                let wanted = dn::normalize(name);
                wanted.is_some() && change.dn.as_deref().and_then(dn::normalize) == wanted
            }
        }
    }
}

/// How far a source was read: an opaque cookie for each partition (a search base, a domain).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Watermark(pub BTreeMap<String, Vec<u8>>);

/// A connector that reads a directory.
///
/// Contract, run against every implementation (`tests/contract.rs`): events come in the order of
/// [`SourceEvent`]; a read that fails sent no checkpoint for what it did not see whole; a read from the last
/// watermark, with nothing changed in between, sends no change and sweeps nothing.
#[async_trait]
pub trait Source: Send {
    /// The source in one phrase for people, without secrets: `ldap://dc1:389 (dc=contoso,dc=com)`.
    fn describe(&self) -> String;

    /// Reads what changed since `from` (`None`: everything) and, if `live`, stays until `stop` fires or the
    /// connection breaks. Sends to `to`, waiting where it is full; a closed `to` ends the read as `stop` does.
    ///
    /// Ends with `Ok` when the read is over or was stopped. After `stop` in the middle of a refresh no
    /// checkpoint was sent.
    ///
    /// # Errors
    /// Whatever kept the read from being whole; see [`SourceError::needs_full_read`] for what to do next.
    async fn read(
        &mut self,
        from: Option<Watermark>,
        live: bool,
        to: mpsc::Sender<SourceEvent>,
        stop: CancellationToken,
    ) -> Result<(), SourceError>;

    /// One entry as it is now; none where the source has no such entry in sight. Doubt is an error here too: a search
    /// base that does not show, an account that lost its rights.
    ///
    /// A source that has no quicker way reads everything.
    ///
    /// # Errors
    /// As those of [`Source::read`].
    async fn read_entry(&mut self, name: &EntryName) -> Result<Option<EntryChange>, SourceError> {
        let (to, mut events) = mpsc::channel(1_000);
        let find = async move {
            let mut found = None;
            while let Some(event) = events.recv().await {
                match event {
                    SourceEvent::Change(change) if name.is_of(&change) => found = Some(change),
                    _ => {}
                }
            }
            found
        };
        let (read, found) = tokio::join!(self.read(None, false, to, CancellationToken::new()), find);
        read.map(|()| found)
    }

    /// Looks at the installation without changing anything, in the order in which things must work:
    /// a check that an earlier failure makes pointless is listed as skipped. `now` is the local time, for the
    /// clock check.
    async fn check(&mut self, now: Timestamp) -> Vec<DoctorCheck>;
}
