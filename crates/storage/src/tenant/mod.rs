//! The tenant's store, whichever database it is on: statements, and what is read and written by them. What is decided
//! is decided by the functions of `lockstep_tenant`.
//!
//! **Invariant:** no driver of a database is named here; [`crate::sql`] runs what is written here on either.

mod access;
mod access_log;
mod activity;
mod ahead;
mod batch;
mod changes;
mod counters;
mod directory;
mod domains;
mod errors;
mod fixes;
mod history;
mod jobs;
mod lease;
mod links;
mod lists;
mod objects;
mod organization;
mod photos;
mod rows;
mod search;
mod store;
mod token;
mod view;

pub(crate) use ahead::Ahead;
pub(crate) use domains::verified as verified_domains;
pub(crate) use lease::restored as lease_restored;
pub use store::SqlTenantStore;
pub(crate) use store::{Alone, Jobs, set_up_as, to_the_end};
