//! The cloud directory: what it holds, how an incoming object is matched, which values must be unique, what
//! happens to one that is not, and what the status page says.
//!
//! Decisions are pure functions over a context that a store loads ([`provision`]); a store applies them in the
//! same transaction. The store itself is the trait [`store::TenantStore`].
//!
//! **Invariant:** no SQL, no HTTP, no clock of the system.

pub mod access;
pub mod changes;
pub mod directory;
pub mod domains;
pub mod fixes;
pub mod history;
pub mod lease;
pub mod photo;
pub mod provision;
pub mod query;
pub mod records;
pub mod standby;
pub mod status;
pub mod store;
pub mod tenants;
pub mod upkeep;

pub use directory::{DirectoryError, DirectoryRefusal};
pub use domains::{Domain, DomainChange, DomainRefusal, DomainUpdate};
pub use history::{
    HistoryChange, HistoryMember, HistoryObject, HistoryOutcome, HistoryPage, HistoryQuery, HistoryRow,
};
pub use lease::{Lease, Writer};
pub use query::{Comparison, ErrorField, ErrorTest, Field, Filter, ListQuery, Literal, Page, SortKey};
pub use records::*;
pub use standby::{ClientRole, Difference};
pub use status::{Summary, SummaryState, summarize};
pub use store::{StoreError, TenantStore};
pub use tenants::{TenantEntry, TenantRegistry};
