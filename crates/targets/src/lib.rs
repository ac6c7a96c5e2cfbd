//! The connectors that write to a cloud directory: one trait, one folder a kind of target.
//!
//! **Invariant:** an operation names its object by its source anchor, so that sending it twice does no harm;
//! and a target never decides what is written, it carries out what the plan says.

mod error;
mod http;
pub mod sse;
pub mod tenant;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use lockstep_model::provisioning::{
    BulkOperation, ClientErrors, ClientReport, DoctorCheck, InventoryPage, LeaseAnswer, LeaseRequest,
    MembersPage, OperationResult, Order, OrderAnswer, ReportAnswer, RunRecord,
};
use lockstep_model::{OrderId, RunId, SourceAnchor, Timestamp};

use std::sync::Arc;

pub use error::TargetError;
pub use http::{HttpSettings, http_client};
pub use tenant::{TenantTarget, TenantTargetSettings};

/// Orders as they come. Ends when the connection does; ask anew, with a growing pause.
pub type Orders = BoxStream<'static, Result<Order, TargetError>>;

/// What a sync client writes to.
#[async_trait]
pub trait Target: Send + Sync {
    /// The target for people: `https://directory.contoso.com`. Without secrets.
    fn describe(&self) -> String;

    /// Carries out operations in their order and answers one result an operation, in that order. Everything that
    /// was answered is durable. Any number may be given; requests are cut to what the target takes.
    ///
    /// # Errors
    /// A [`TargetError`] says that some or all of them may not have been carried out: send all of them again.
    /// What concerns one object only is in its [`OperationResult`] and never an error here.
    async fn send(
        &self,
        run: RunId,
        operations: Vec<BulkOperation>,
    ) -> Result<Vec<OperationResult>, TargetError>;

    /// A page of what the target holds of this client's objects, ordered by anchor, after `after`.
    async fn inventory(&self, after: Option<SourceAnchor>) -> Result<InventoryPage, TargetError>;

    /// A page of the anchors of a group's members, sorted, after `after`.
    async fn group_members(
        &self,
        group: &SourceAnchor,
        after: Option<SourceAnchor>,
    ) -> Result<MembersPage, TargetError>;

    /// Replaces the client-side errors of the objects named.
    async fn put_errors(&self, errors: ClientErrors) -> Result<(), TargetError>;

    /// Says what the client is doing; the answer is what the target wants of it.
    async fn report(&self, report: ClientReport) -> Result<ReportAnswer, TargetError>;

    /// Keeps a run in the history; the same id again replaces it.
    async fn put_run(&self, run: RunRecord) -> Result<(), TargetError>;

    /// Asks for the lease that lets a client write, renews it or gives it back. None: the target knows no leases,
    /// and whoever reaches it may write.
    async fn lease(&self, request: LeaseRequest) -> Result<Option<LeaseAnswer>, TargetError> {
        let _ = request;
        Ok(None)
    }

    /// The same target, whose writes carry this epoch; none where it knows no leases.
    fn by_epoch(&self, epoch: u64) -> Option<Arc<dyn Target>> {
        let _ = epoch;
        None
    }

    /// Opens the connection over which orders come.
    async fn orders(&self) -> Result<Orders, TargetError>;

    /// Answers an order.
    async fn answer(&self, order: OrderId, answer: OrderAnswer) -> Result<(), TargetError>;

    /// Looks at everything between the client and the target: name, connection, certificate, credentials, clocks.
    /// `now` is the client's clock. Never fails: what is wrong is in a check.
    async fn check(&self, now: Timestamp) -> Vec<DoctorCheck>;
}
