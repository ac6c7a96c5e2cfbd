//! What every other crate speaks in: source entries, cloud objects, anchors, distinguished names,
//! sync errors, the provisioning protocol's messages, typed ids and the clock.
//!
//! **Invariant:** no I/O, no async, no clock of the system, and no dependency on another Lockstep crate.

pub mod anchor;
pub mod clock;
pub mod dn;
pub mod entry;
pub mod error;
pub mod explain;
pub mod guard;
pub mod ids;
pub mod object;
pub mod plan;
pub mod precheck;
pub mod provisioning;
pub mod rules;
pub mod scim;

pub use anchor::SourceAnchor;
pub use clock::Clock;
pub use dn::Dn;
pub use entry::{AttributeName, Attributes, Entry};
pub use error::{ErrorCategory, ErrorCode, ObjectRef, SyncError};
pub use ids::{ClientId, ObjectId, OrderId, PlanId, RunId, TenantId};
pub use jiff::Timestamp;
pub use object::{Fingerprint, ObjectKind, Properties, Property, PropertyValue};
