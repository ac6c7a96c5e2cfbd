//! Orders that change the client's course, carried out between what else there is to do.

use super::Service;
use crate::lease::Role;
use crate::{SyncFailure, orders};
use lockstep_model::provisioning::{Order, OrderAnswer, OrderRequest, RunTrigger};

impl Service<'_> {
    pub(super) async fn order(&mut self, order: Order) -> Result<(), SyncFailure> {
        let answer = match order.request {
            OrderRequest::SyncNow { full } => {
                self.reconnect(RunTrigger::Order, full);
                OrderAnswer::Accepted
            }
            OrderRequest::Pause | OrderRequest::Resume => {
                self.session.meta.paused = order.request == OrderRequest::Pause;
                self.session.lease.note_meta(&self.session.meta);
                self.session.save_meta().await?;
                self.plan_again();
                self.publish().await?;
                OrderAnswer::Accepted
            }
            OrderRequest::Approve { digest, by } => self.approve(digest, by).await?,
            OrderRequest::SyncObject { object, ignore_scope } => self.object(&object, ignore_scope).await?,
            OrderRequest::HandOver => self.hand_over().await?,
            OrderRequest::Preview { .. }
            | OrderRequest::Explain { .. }
            | OrderRequest::Doctor
            | OrderRequest::Precheck { .. }
            | OrderRequest::Containers
            | OrderRequest::Rules { .. }
            | OrderRequest::Evaluate { .. }
            | OrderRequest::Configure { .. } => return Ok(()),
        };
        orders::answer(self.session.client, order.id, answer).await;
        Ok(())
    }

    /// Syncs one object, between what else there is to do.
    async fn object(&mut self, object: &str, ignore_scope: bool) -> Result<OrderAnswer, SyncFailure> {
        if !self.may_plan() {
            let reason = "A read of the directory is in progress; try again when it is over.".to_owned();
            return Ok(OrderAnswer::Refused { reason });
        }
        let (report, log) = self.session.sync_object(object, ignore_scope).await?;
        if log.exported.operations > 0 {
            self.keep(log.record(None, self.session.now()));
            self.deliver().await;
        }
        // What refers to it may have to be planned again.
        self.plan_again();
        self.publish().await?;
        Ok(OrderAnswer::Object { report: Box::new(report) })
    }

    /// Lets the stand-by write from now on.
    async fn hand_over(&mut self) -> Result<OrderAnswer, SyncFailure> {
        let lease = self.session.lease.clone();
        let reason = match lease.role() {
            Role::Standby => "This client is the stand-by: it holds no lease that it could hand over.",
            Role::Unknown | Role::Active(None) => {
                "The tenant gives no leases; there is nothing to hand over."
            }
            Role::Active(Some(_)) if !lease.standby_ready() => {
                "No stand-by follows this source and could take over now; start one, and wait until it is in step."
            }
            Role::Active(Some(_)) => {
                // With the lease goes a pause; so it is given back before that is forgotten here.
                if let Err(error) = lease.release(true).await {
                    tracing::warn!(%error, "the lease was not given back; it lapses");
                }
                self.session.fall_back().await?;
                return Ok(OrderAnswer::Accepted);
            }
        };
        Ok(OrderAnswer::Refused { reason: reason.to_owned() })
    }

    async fn approve(&mut self, digest: String, by: String) -> Result<OrderAnswer, SyncFailure> {
        let reason = match &self.session.held {
            None => "No plan is held; there is nothing to approve.",
            Some(held) if held.deletions_digest != digest => {
                "The held plan is another one by now; look at it again and approve that one."
            }
            Some(_) => {
                self.session.meta.approval = Some(self.session.client.approval(&digest, &by));
                self.session.save_meta().await?;
                self.plan_again();
                return Ok(OrderAnswer::Accepted);
            }
        };
        Ok(OrderAnswer::Refused { reason: reason.to_owned() })
    }
}
