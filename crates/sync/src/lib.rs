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
mod evaluate;
mod explain;
mod export;
mod flows;
mod import;
mod join;
mod lease;
mod losses;
mod members;
mod one;
mod orders;
mod plan;
mod precheck;
mod preview;
mod progress;
mod reading;
mod reconcile;
mod report;
mod run;
pub mod schedule;
mod scope;
mod session;
mod settings;
mod settle;
mod staging;
pub mod state;
mod timetable;

pub use client::{SourceFactory, SyncClient, of_source};
pub use error::{StateError, SyncFailure};
pub use lockstep_engine::rules::{MappingSettings, Rules, RulesDocument};
pub use lockstep_engine::{CsId, KeyHash, link_difference};
pub use orders::not_found;
pub use precheck::{Checked, precheck, precheck_settings};
pub use progress::{Phase, Progress};
pub use schedule::MaintenanceWindow;
pub use scope::{Containers, ScopeSettings};
pub use settings::{LeftScope, SyncSettings};
pub use state::StateStore;
