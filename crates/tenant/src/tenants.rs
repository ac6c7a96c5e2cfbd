//! The tenants of one server: which there are, how each is found, how they come and go.

use crate::records::{Organization, TenantSetup};
use crate::store::{StoreError, TenantStore};
use async_trait::async_trait;
use lockstep_model::{TenantId, Timestamp};
use std::sync::Arc;

/// A tenant, as the server's registry knows it: nothing of what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantEntry {
    /// Graph's `organization.id`.
    pub id: TenantId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it is the server's first, which the configuration describes and which needs no address of its own.
    pub is_first: bool,
    /// Whether it is being deleted: nothing leads to it.
    pub is_going: bool,
}

/// The tenants of a server. What one holds is in a store of its own, which knows of no other.
#[async_trait]
pub trait TenantRegistry: Send + Sync + 'static {
    /// Makes the first tenant where there is none, brings its name and domains to what `setup` says, and opens it.
    async fn set_up_first(
        &self,
        setup: TenantSetup,
        now: Timestamp,
    ) -> Result<(Arc<dyn TenantStore>, Organization), StoreError>;
    /// All tenants, the first one first, then by age.
    async fn list(&self) -> Result<Vec<TenantEntry>, StoreError>;
    /// The tenant of an id, unless it is being deleted.
    async fn by_id(&self, id: TenantId) -> Result<Option<TenantEntry>, StoreError>;
    /// The tenant in which a domain, in lower case, is verified; unless it is being deleted.
    async fn by_domain(&self, domain: String) -> Result<Option<TenantEntry>, StoreError>;
    /// What a tenant holds; none where there is no such tenant, or it is being deleted.
    async fn open(&self, id: TenantId) -> Result<Option<Arc<dyn TenantStore>>, StoreError>;
    /// Makes a tenant. [`StoreError::DomainElsewhere`] where a domain is another's; then nothing is made.
    async fn create(&self, setup: TenantSetup, now: Timestamp) -> Result<Organization, StoreError>;
    /// Removes a tenant, which is not the first, with all that it holds: for good. What was begun by a process that
    /// ended is taken up. Answers whether there was one.
    async fn delete(&self, id: TenantId) -> Result<bool, StoreError>;
}
