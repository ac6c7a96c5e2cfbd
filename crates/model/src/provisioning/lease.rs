//! The messages about a lease: of several sync clients of one source, the one that holds it writes.
//!
//! **Invariant:** an epoch is given once in the life of a tenant, and each is higher than all before. A write
//! that carries the epoch of a lease that has since gone to another is refused whole.

use crate::{ClientId, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The header of a write that says by which lease it is made: the epoch, as a decimal number.
pub const EPOCH_HEADER: &str = "lockstep-epoch";
/// The code of the error (HTTP 409) that refuses a write whose lease has gone to another client.
pub const FENCED: &str = "Fenced";
/// Bytes the name of a lease may have.
pub const MAX_LEASE_NAME_BYTES: usize = 512;
/// Bytes an instance, a process or a machine may have in a [`LeaseRequest`].
pub const MAX_LEASE_WORD_BYTES: usize = 256;
/// Shortest and longest term of a lease, in milliseconds.
pub const LEASE_TERM_MILLIS: std::ops::RangeInclusive<u64> = 1_000..=600_000;

/// A client asks for a lease, renews it, or gives it back. `POST /provisioning/v1/lease`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaseRequest {
    /// The lease: what the clients of one source share. At most [`MAX_LEASE_NAME_BYTES`].
    pub lease: String,
    /// The state that the client works with: it survives a restart.
    pub instance: String,
    /// The client's process: another one after a restart.
    pub process: String,
    /// The machine, for people.
    pub machine: String,
    /// For how long the lease holds without being renewed, in milliseconds; what is out of
    /// [`LEASE_TERM_MILLIS`] is taken for the nearest.
    pub term_millis: u64,
    /// The highest epoch by which the client's state knows what the tenant holds; absent for a new state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Whether an administrator paused the client: who takes over stays paused.
    #[serde(default)]
    pub paused: bool,
    /// What is wanted.
    #[serde(flatten)]
    pub want: LeaseWant,
}

/// What a client wants of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "want", rename_all = "camelCase")]
pub enum LeaseWant {
    /// To have it, if nobody has. With `start` the process has just begun with the state of its instance, so that
    /// the process that held the lease with that state has ended.
    Take {
        /// Whether the process has just begun.
        #[serde(default)]
        start: bool,
    },
    /// To keep it.
    Renew {
        /// The epoch it was given.
        epoch: u64,
    },
    /// To give it back: it wrote its last.
    Release {
        /// The epoch it was given.
        epoch: u64,
    },
}

/// The tenant's answer to a [`LeaseRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaseAnswer {
    /// Whether the client holds the lease now.
    pub held: bool,
    /// The epoch that each write of the holder must carry; absent where the client is not the holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// For one who takes it: whether nobody else had it since [`LeaseRequest::since`], so that what the client's
    /// state says of the tenant is still so.
    #[serde(default)]
    pub continued: bool,
    /// Who holds it; absent where nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<LeaseHolder>,
    /// Milliseconds until another may take it, unless it is renewed.
    pub expires_in_millis: u64,
    /// Whether whoever held it last was paused by an administrator.
    #[serde(default)]
    pub paused: bool,
    /// Whether another client follows in staging and could take over now.
    #[serde(default)]
    pub standby_ready: bool,
}

/// Who holds a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaseHolder {
    /// The client.
    pub client: ClientId,
    /// Its machine.
    pub machine: String,
    /// Since when, by the tenant's clock.
    pub since: Timestamp,
}

impl LeaseAnswer {
    /// [`LeaseAnswer::expires_in_millis`].
    pub const fn expires_in(&self) -> Duration {
        Duration::from_millis(self.expires_in_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_is_flat() {
        let request = LeaseRequest {
            lease: "dc=contoso,dc=com".into(),
            instance: "a".into(),
            process: "b".into(),
            machine: "sync1".into(),
            term_millis: 15_000,
            since: Some(6),
            paused: false,
            want: LeaseWant::Renew { epoch: 7 },
        };
        let json = serde_json::json!({
            "lease": "dc=contoso,dc=com", "instance": "a", "process": "b", "machine": "sync1",
            "termMillis": 15_000, "since": 6, "paused": false, "want": "renew", "epoch": 7
        });
        assert_eq!(serde_json::to_value(&request).unwrap(), json);
        assert_eq!(serde_json::from_value::<LeaseRequest>(json).unwrap(), request);
    }
}
