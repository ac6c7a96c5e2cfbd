//! The server's HTTP: provisioning for sync clients, the Microsoft Graph subset, Lockstep's own endpoints, sign-in,
//! metrics, and the embedded portal. The contract is the book's page `reference/api.md`.
//!
//! One file an endpoint. The server knows a tenant only by [`lockstep_tenant::TenantStore`], the time only by a
//! [`lockstep_model::Clock`], and of itself only what [`ApiSettings`] and a [`Doctor`] tell it.
//!
//! **Invariant:** no SQL, no clock of the system; every body has a size limit and every request but a stream a
//! time limit; secrets are kept as SHA-256 or argon2id only; no secret and no personal value reaches a log.

mod address;
pub mod auth;
mod body;
mod book;
mod error;
mod events;
mod graph;
mod layers;
mod metrics;
mod openapi;
mod orders;
mod own;
mod portal;
mod provisioning;
mod router;
mod scim;
mod serve;
mod settings;
mod state;
mod tenants;
mod tls;

pub use events::follow_others;
pub use openapi::document as openapi;
pub use router::router;
pub use serve::{ServeError, serve, serve_tls};
pub use settings::{ApiSettings, Retention};
pub use state::{AnswerLimits, ApiState, Doctor};
pub use tenants::{TenantLimits, Tenants};
pub use tls::{TlsError, TlsSettings};
