//! The sync client: it reads a source, keeps the connector space, plans, lets the guard judge, writes to the
//! target and says how it goes. It listens on nothing.
//!
//! Entry points: [`SyncClient::run`] (the service), [`SyncClient::once`] (`lockstep sync run`),
//! [`SyncClient::preview`] (`lockstep sync preview`).
//!
//! **Invariants:** doubt never deletes: a read that was not whole ends without a plan. Nothing is written before
//! the whole plan was judged. The watermark moves only together with the objects read up to it. Everything
//! kept here can be rebuilt from source and target.

mod backoff;
mod client;
pub mod codec;
mod decide;
mod entry;
mod error;
mod explain;
mod export;
mod import;
mod losses;
mod orders;
mod plan;
mod preview;
mod progress;
mod reconcile;
mod report;
mod run;
mod scope;
mod session;
mod settings;
mod settle;
pub mod state;

pub use client::{SourceFactory, SyncClient};
pub use error::{StateError, SyncFailure};
pub use lockstep_engine::rules::{MappingSettings, Rules, RulesDocument};
pub use lockstep_engine::{CsId, KeyHash};
pub use orders::not_found;
pub use progress::{Phase, Progress};
pub use scope::{Containers, ScopeSettings};
pub use settings::{LeftScope, SyncSettings};
pub use state::StateStore;
