//! Metrics of the process, rendered as Prometheus text at `GET /metrics`.

use lockstep_model::provisioning::{OperationResult, Outcome};
use lockstep_tenant::upkeep::{Replica, ReplicaState};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const REQUESTS: &str = "lockstep_http_requests_total";
const SECONDS: &str = "lockstep_http_request_seconds";
const OPERATIONS: &str = "lockstep_provisioning_operations_total";
const FENCED: &str = "lockstep_provisioning_fenced_total";
const OBJECTS: &str = "lockstep_objects";
const ERRORS: &str = "lockstep_object_errors";
const LAST_IMPORT: &str = "lockstep_last_import_timestamp_seconds";
const LAST_EXPORT: &str = "lockstep_last_export_timestamp_seconds";
const CLIENTS: &str = "lockstep_sync_clients_connected";
const REPLICA_READS: &str = "lockstep_replica_reads_total";
const REPLICA_PASSED: &str = "lockstep_replica_passed_over_total";
const REPLICA_USABLE: &str = "lockstep_replica_usable";
const LISTENERS: &str = "lockstep_event_listeners";

/// Upper bounds of the request times, in seconds.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Requests after which recorded times are moved into their buckets.
const UPKEEP_EVERY: u32 = 4096;

/// The process's metrics.
#[derive(Clone)]
pub(crate) struct Metrics(PrometheusHandle);

impl Metrics {
    /// The recorder of the process, installed at the first call.
    pub(crate) fn install() -> Self {
        static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
        let handle = HANDLE.get_or_init(|| {
            let builder = PrometheusBuilder::new();
            let builder = builder
                .set_buckets_for_metric(Matcher::Full(SECONDS.to_owned()), &BUCKETS)
                .unwrap_or_else(|_| PrometheusBuilder::new());
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another recorder of metrics is installed; /metrics stays empty");
            }
            describe_counter!(REQUESTS, "Requests by route, method and status");
            describe_histogram!(SECONDS, Unit::Seconds, "Time until the answer began");
            describe_counter!(OPERATIONS, "Operations of sync clients by outcome");
            describe_counter!(FENCED, "Requests of sync clients refused because their lease had gone");
            describe_gauge!(OBJECTS, "Objects in the tenant by kind");
            describe_gauge!(ERRORS, "Errors of objects by category");
            describe_gauge!(LAST_IMPORT, "End of the last complete import, Unix time");
            describe_gauge!(LAST_EXPORT, "End of the last confirmed export, Unix time");
            describe_gauge!(CLIENTS, "Sync clients connected");
            describe_counter!(REPLICA_READS, "Reads that a replica of the database answered");
            describe_counter!(REPLICA_PASSED, "Reads that the primary answered in place of a replica");
            describe_gauge!(REPLICA_USABLE, "Whether lists are read from a replica of the database");
            describe_gauge!(LISTENERS, "Open pages that listen for changes");
            handle
        });
        Self(handle.clone())
    }

    /// One request.
    pub(crate) fn request(
        &self,
        route: Cow<'static, str>,
        method: &http::Method,
        status: u16,
        took: Duration,
    ) {
        // Of methods only the known ones are labels: a caller must not make labels.
        let method = match *method {
            http::Method::GET => "GET",
            http::Method::POST => "POST",
            http::Method::PUT => "PUT",
            http::Method::PATCH => "PATCH",
            http::Method::DELETE => "DELETE",
            _ => "other",
        };
        counter!(REQUESTS, "route" => route.clone(), "method" => method, "status" => status.to_string())
            .increment(1);
        histogram!(SECONDS, "route" => route).record(took.as_secs_f64());
        // Samples wait in memory until they are moved into their buckets, also where nobody reads /metrics.
        static SAMPLES: AtomicU32 = AtomicU32::new(0);
        if SAMPLES.fetch_add(1, Ordering::Relaxed) % UPKEEP_EVERY == UPKEEP_EVERY - 1 {
            self.upkeep();
        }
    }

    /// The results of a batch.
    pub(crate) fn operations(&self, results: &[OperationResult]) {
        for (outcome, name) in [
            (Outcome::Created, "created"),
            (Outcome::Matched, "matched"),
            (Outcome::Updated, "updated"),
            (Outcome::Unchanged, "unchanged"),
            (Outcome::Deleted, "deleted"),
            (Outcome::Refused, "refused"),
        ] {
            let count = results.iter().filter(|result| result.outcome == outcome).count();
            if count > 0 {
                counter!(OPERATIONS, "outcome" => name).increment(u64::try_from(count).unwrap_or(0));
            }
        }
    }

    /// Moves what was recorded into its buckets.
    pub(crate) fn upkeep(&self) {
        self.0.run_upkeep();
    }

    /// The text of all metrics.
    pub(crate) fn render(&self) -> String {
        self.0.render()
    }
}

/// A write was refused because its lease had gone to another client.
pub(crate) fn fenced() {
    counter!(FENCED).increment(1);
}

/// Gauges that are read when they are asked for.
pub(crate) struct Gauges<'a> {
    pub(crate) counts: &'a lockstep_tenant::ObjectCounts,
    pub(crate) last_import: Option<lockstep_model::Timestamp>,
    pub(crate) last_export: Option<lockstep_model::Timestamp>,
    pub(crate) clients: usize,
    pub(crate) listeners: usize,
    pub(crate) replicas: Vec<Replica>,
}

impl Gauges<'_> {
    #[expect(clippy::cast_precision_loss, reason = "counts of objects are far below 2^52")]
    pub(crate) fn set(&self) {
        let counts = self.counts;
        for (kind, count) in [
            ("user", counts.users),
            ("group", counts.groups),
            ("membership", counts.memberships),
            ("deleted", counts.deleted),
        ] {
            gauge!(OBJECTS, "kind" => kind).set(count as f64);
        }
        for category in crate::own::errors::CATEGORIES {
            let count = counts.errors.get(&category).copied().unwrap_or(0);
            gauge!(ERRORS, "category" => crate::own::errors::category_name(category)).set(count as f64);
        }
        if let Some(at) = self.last_import {
            gauge!(LAST_IMPORT).set(at.as_second() as f64);
        }
        if let Some(at) = self.last_export {
            gauge!(LAST_EXPORT).set(at.as_second() as f64);
        }
        gauge!(CLIENTS).set(self.clients as f64);
        gauge!(LISTENERS).set(self.listeners as f64);
        for one in &self.replicas {
            counter!(REPLICA_READS, "replica" => one.name.clone()).absolute(one.reads);
            counter!(REPLICA_PASSED, "replica" => one.name.clone()).absolute(one.passed_over);
            let usable = if one.state == ReplicaState::Usable { 1.0 } else { 0.0 };
            gauge!(REPLICA_USABLE, "replica" => one.name.clone()).set(usable);
        }
    }
}
