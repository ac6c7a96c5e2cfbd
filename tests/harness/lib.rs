//! The harness: real servers on free ports of 127.0.0.1 in folders of their own, a proxy that fails on
//! command, and waiting for conditions instead of sleeping.
//!
//! **Invariant:** depends on no other Lockstep crate, so that any of them can use it in its own tests. What was
//! started is ended when its value is dropped.

pub mod certificates;
pub mod client;
pub mod disk;
pub mod dns;
pub mod http;
pub mod ldif;
pub mod lockstep;
pub mod nonsense;
pub mod organization;
pub mod postgres;
pub mod provisioning;
pub mod proxy;
pub mod slapd;
pub mod tenant;
pub mod wait;

pub use certificates::Certificates;
pub use client::SyncClient;
pub use disk::SmallDisk;
pub use dns::Dns;
pub use lockstep::{Lockstep, Setup};
pub use nonsense::{FakeDirectory, Nonsense};
pub use postgres::Postgres;
pub use proxy::Proxy;
pub use slapd::{Slapd, SlapdOptions, Snapshot};
pub use tenant::Tenant;
pub use wait::{wait_for, wait_until};
