//! A Lockstep tenant, over its provisioning API (`/provisioning/v1`, docs: reference/api.md).

mod check;
mod wire;

use crate::http::{HttpSettings, http_client};
use crate::sse::{Event, Parser};
use crate::{Orders, Target, TargetError};
use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use lockstep_model::provisioning::{
    BULK_REQUEST, BulkOperation, BulkRequest, BulkResponse, ClientErrors, ClientReport, DoctorCheck,
    InventoryPage, LeaseAnswer, LeaseRequest, MAX_BODY_BYTES, MAX_OPERATIONS, MembersPage, OperationResult,
    Order, OrderAnswer, ReportAnswer, RunRecord,
};
use lockstep_model::{OrderId, RunId, SourceAnchor, Timestamp};
use reqwest::{Method, Url};
use secrecy::SecretString;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

/// How a tenant is reached.
#[derive(Clone, Debug)]
pub struct TenantTargetSettings {
    /// The server's address: `https://directory.contoso.com`. Plain `http` is taken for loopback addresses only,
    /// for the token would be readable on the way.
    pub url: String,
    /// The token of this client: the role `syncClient`.
    pub token: SecretString,
    /// A PEM file of authorities to trust beside the platform's.
    pub ca_file: Option<PathBuf>,
}

/// A Lockstep tenant.
#[derive(Clone, Debug)]
pub struct TenantTarget {
    http: reqwest::Client,
    base: Url,
    endpoint: String,
    token: SecretString,
    /// By which lease it writes.
    epoch: Option<u64>,
}

impl TenantTarget {
    /// Prepares the connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`TargetError::Settings`] for an address that cannot be used, [`TargetError::CaFile`].
    pub fn new(settings: TenantTargetSettings) -> Result<Self, TargetError> {
        let base = wire::base_url(&settings.url)?;
        let http =
            http_client(HttpSettings { ca_file: settings.ca_file.as_deref(), ..HttpSettings::default() })?;
        let endpoint = base.as_str().trim_end_matches('/').to_owned();
        Ok(Self { http, base, endpoint, token: settings.token, epoch: None })
    }

    /// Sends what fits into one request, and halves what is larger than the server takes.
    async fn send_batch(
        &self,
        run: RunId,
        operations: Vec<BulkOperation>,
    ) -> Result<Vec<OperationResult>, TargetError> {
        let mut queue = VecDeque::from([operations]);
        let mut results = Vec::new();
        while let Some(mut batch) = queue.pop_front() {
            let sent = batch.len();
            let request =
                BulkRequest { schemas: vec![BULK_REQUEST.into()], run: Some(run), operations: batch };
            let body = self.encode("a batch of changes", &request)?;
            if body.len() > MAX_BODY_BYTES && sent > 1 {
                batch = request.operations;
                let second = batch.split_off(sent / 2);
                queue.push_front(second);
                queue.push_front(batch);
                continue;
            }
            drop(request);
            let answer: BulkResponse =
                self.call(Method::POST, self.url(&["bulk"]), Some(body), "a batch of changes").await?;
            if answer.operations.len() != sent {
                return Err(self.protocol(
                    "a batch of changes",
                    format!("{} results for {sent} operations", answer.operations.len()),
                ));
            }
            results.extend(answer.operations);
        }
        Ok(results)
    }
}

#[async_trait]
impl Target for TenantTarget {
    fn describe(&self) -> String {
        self.endpoint.clone()
    }

    async fn send(
        &self,
        run: RunId,
        operations: Vec<BulkOperation>,
    ) -> Result<Vec<OperationResult>, TargetError> {
        let mut results = Vec::with_capacity(operations.len());
        let mut rest = operations;
        while !rest.is_empty() {
            let after = rest.split_off(rest.len().min(MAX_OPERATIONS));
            results.extend(self.send_batch(run, rest).await?);
            rest = after;
        }
        Ok(results)
    }

    async fn inventory(&self, after: Option<SourceAnchor>) -> Result<InventoryPage, TargetError> {
        let url = self.page_url(&["inventory"], after.as_ref(), "5000");
        self.call(Method::GET, url, None, "the inventory").await
    }

    async fn group_members(
        &self,
        group: &SourceAnchor,
        after: Option<SourceAnchor>,
    ) -> Result<MembersPage, TargetError> {
        let url = self.page_url(&["groups", group.as_str(), "members"], after.as_ref(), "50000");
        self.call(Method::GET, url, None, "a group's members").await
    }

    async fn put_errors(&self, errors: ClientErrors) -> Result<(), TargetError> {
        let body = self.encode("client-side errors", &errors)?;
        self.call_empty(Method::PUT, self.url(&["errors"]), body, "client-side errors").await
    }

    async fn report(&self, report: ClientReport) -> Result<ReportAnswer, TargetError> {
        let body = self.encode("a report", &report)?;
        self.call(Method::POST, self.url(&["report"]), Some(body), "a report").await
    }

    async fn put_run(&self, run: RunRecord) -> Result<(), TargetError> {
        let body = self.encode("a run", &run)?;
        self.call_empty(Method::POST, self.url(&["runs"]), body, "a run").await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Option<LeaseAnswer>, TargetError> {
        let body = self.encode("a lease", &request)?;
        match self.call(Method::POST, self.url(&["lease"]), Some(body), "the lease").await {
            Ok(answer) => Ok(Some(answer)),
            // A server from before there were leases.
            Err(TargetError::Refused { status: 404 | 405, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn by_epoch(&self, epoch: u64) -> Option<Arc<dyn Target>> {
        Some(Arc::new(Self { epoch: Some(epoch), ..self.clone() }))
    }

    async fn orders(&self) -> Result<Orders, TargetError> {
        const ACTION: &str = "the stream of orders";
        let response = self.request(Method::GET, self.url(&["orders"]), None, ACTION).await?;
        let endpoint = self.endpoint.clone();
        let state = (Some(response), Parser::new(), VecDeque::<Event>::new(), endpoint);
        // One step: hand out what is read, else read a chunk. After an error or the end, the response is gone.
        let orders = stream::unfold(state, |(mut response, mut parser, mut ready, endpoint)| async move {
            loop {
                while let Some(event) = ready.pop_front() {
                    if event.event != "order" {
                        continue;
                    }
                    let order = serde_json::from_str::<Order>(&event.data);
                    let item = order.map_err(|e| wire::protocol(&endpoint, ACTION, e.to_string()));
                    return Some((item, (response, parser, ready, endpoint)));
                }
                let error = match response.as_mut()?.chunk().await {
                    Ok(Some(chunk)) => {
                        let mut events = Vec::new();
                        match parser.push(&chunk, &mut events) {
                            Ok(()) => {
                                ready.extend(events);
                                continue;
                            }
                            Err(error) => wire::protocol(&endpoint, ACTION, error.to_string()),
                        }
                    }
                    Ok(None) => return None,
                    Err(error) => wire::transport(&endpoint, ACTION, error),
                };
                return Some((Err(error), (None, parser, ready, endpoint)));
            }
        });
        Ok(orders.boxed())
    }

    async fn answer(&self, order: OrderId, answer: OrderAnswer) -> Result<(), TargetError> {
        let body = self.encode("an answer", &answer)?;
        self.call_empty(
            Method::POST,
            self.url(&["orders", &order.to_string()]),
            body,
            "an answer to an order",
        )
        .await
    }

    async fn check(&self, now: Timestamp) -> Vec<DoctorCheck> {
        check::run(self, now).await
    }
}
