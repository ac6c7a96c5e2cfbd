//! OpenLDAP (and what speaks RFC 4533 like it): full reads, deltas by cookie, and live changes.
//!
//! - The anchor is `entryUUID`, taken from the Sync State control; the server need not show the attribute.
//! - A watermark is the server's cookie for each search base, bound to filter, attributes and account, since
//!   RFC 4533 section 3.1 wants these equal for as long as a cookie is used.
//! - **Restored from a backup:** before anything that a cookie brings is believed, its change sequence numbers are
//!   compared with the `contextCSN` of the server, one by one for each server id; where it brings nothing, with
//!   the cookie that the server answers. A server that is behind ends the read with
//!   [`crate::SourceError::WentBack`]; nothing is deleted until a person has the directory read in full.
//! - **Absence is believed only with the base in sight:** what was not named is swept only if the search base
//!   itself was named in the same answer. This covers an account that lost its rights, an empty answer, and
//!   389 Directory Server, which reports a present phase that it did not run.
//! - **Renamed containers:** the server does not report the entries below a renamed one, whose DNs change with
//!   it. Where a changed entry is no person and no group, what lies below it is read again.

mod check;
mod csn;
mod options;
mod read;
mod refresh;
mod subtree;

pub use options::{OpenLdapOptions, SearchBase};

use crate::{EntryChange, EntryName, Source, SourceError, SourceEvent, Watermark};
use async_trait::async_trait;
use lockstep_model::Timestamp;
use lockstep_model::provisioning::DoctorCheck;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A directory that is read by content synchronization.
#[derive(Debug)]
pub struct OpenLdapSource {
    options: OpenLdapOptions,
    at: String,
}

impl OpenLdapSource {
    /// A source with these settings; connects only when it is read.
    ///
    /// # Errors
    /// [`SourceError::Configuration`] where no base or no attribute is named, a base is no DN or lies within
    /// another one.
    pub fn new(options: OpenLdapOptions) -> Result<Self, SourceError> {
        let at = options.describe();
        options.validate(&at)?;
        Ok(Self { options, at })
    }
}

#[async_trait]
impl Source for OpenLdapSource {
    fn describe(&self) -> String {
        self.at.clone()
    }

    async fn read(
        &mut self,
        from: Option<Watermark>,
        live: bool,
        to: mpsc::Sender<SourceEvent>,
        stop: CancellationToken,
    ) -> Result<(), SourceError> {
        tokio::select! {
            biased;
            () = stop.cancelled() => Ok(()),
            result = read::read(self, from, live, to.clone()) => match result {
                Err(read::Ended::Failed(error)) => Err(error),
                Ok(()) | Err(read::Ended::NobodyListens) => Ok(()),
            },
        }
    }

    async fn read_entry(&mut self, name: &EntryName) -> Result<Option<EntryChange>, SourceError> {
        read::one(self, name).await
    }

    async fn check(&mut self, now: Timestamp) -> Vec<DoctorCheck> {
        check::check(self, now).await
    }
}
