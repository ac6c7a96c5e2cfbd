//! What the cloud itself writes: objects that no sync client sent, by Microsoft Graph, SCIM or the portal.
//!
//! A caller gives a [`DirectoryWrite`] to [`crate::TenantStore::write_directory`]; the store loads what it touches,
//! asks [`decide_create`], [`decide_update`], [`decide_restore`] and [`check_links`], and writes object, claims,
//! counters, members and history in one transaction. Nothing is written of what is refused.
//!
//! ```no_run
//! # use lockstep_tenant::{TenantStore, DirectoryError};
//! # use lockstep_tenant::directory::{DirectoryWrite, DirectoryOperation, ObjectChanges, MemberChanges};
//! # use lockstep_model::{ObjectKind, Property, Timestamp};
//! # async fn example(store: &dyn TenantStore, now: Timestamp) -> Result<(), DirectoryError> {
//! let mut ann = ObjectChanges::default();
//! ann.set_text(Property::DisplayName, "Ann Lee").set_text(Property::UserPrincipalName, "ann@contoso.com");
//! ann.external_id = Some(Some("701984".into()));
//! let create = DirectoryOperation::Create { kind: ObjectKind::User, changes: ann };
//! let made = store.write_directory(DirectoryWrite::by("scim: HR", create), now).await?;
//! // An ETag is the version: W/"3" is `expected: Some(3)`. A mismatch is `DirectoryRefusal::Changed`.
//! let mut changes = ObjectChanges::default();
//! changes.set_text(Property::Department, "Sales");
//! let (id, expected) = (made.object.id, Some(made.object.version));
//! let update = DirectoryOperation::Update { id, changes, expected };
//! store.write_directory(DirectoryWrite::by("scim: HR", update), now).await?;
//! # Ok(()) }
//! ```
//!
//! Where this differs from provisioning: a person or program waits for the answer, so a value that another object
//! holds or that has a wrong form **refuses** the write; nothing is quarantined, cut or replaced.
//!
//! **Invariant:** the decisions are pure functions of what they are given.

mod changes;
mod decide;
mod links;
mod refusal;

#[cfg(test)]
mod tests;

pub use changes::{
    DirectoryOperation, DirectoryWrite, DirectoryWritten, MAX_EXTERNAL_ID, MAX_EXTRA_BYTES, MAX_OWNERS,
    MemberChanges, ObjectChanges, Shape, shape,
};
pub use decide::{Decided, Subject, decide_create, decide_restore, decide_update, may_change, merge_extra};
pub use links::{LinkEnd, check_links, check_manager, check_owners};
pub use refusal::{DirectoryError, DirectoryRefusal, LinkName};
