//! The messages between a sync client and the tenant (`/provisioning/v1/...`).
//!
//! Objects travel as a SCIM 2.0 BulkRequest (RFC 7644 section 3.7) whose resources are named by `externalId`,
//! the source anchor: `POST` makes or updates, `DELETE /Users/{externalId}` deletes, `PATCH` changes members.
//! Sending an operation twice does no harm. The rest are small JSON messages: reports, runs, orders, inventory.

use crate::explain::{Explanation, ObjectReport};
use crate::plan::{PlanReport, PlanSummary};
use crate::precheck::{ContainerCount, PrecheckState};
use crate::rules::{ExpressionReport, ExpressionSide, RulesView};
use crate::scim::{ScimGroup, ScimPatch, ScimUser};
use crate::{ClientId, Fingerprint, ObjectKind, OrderId, RunId, SourceAnchor, SyncError, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod lease;
mod operation;
mod schedule;

pub use schedule::{Drift, DriftCounts, Timetable};

pub use lease::{
    EPOCH_HEADER, FENCED, LEASE_TERM_MILLIS, LeaseAnswer, LeaseHolder, LeaseRequest, LeaseWant,
    MAX_LEASE_NAME_BYTES, MAX_LEASE_WORD_BYTES,
};

/// Operations one request may carry.
pub const MAX_OPERATIONS: usize = 2_000;
/// Members one PATCH operation may add or remove; a larger change takes several operations.
pub const MAX_LINKS_PER_OPERATION: usize = 10_000;
/// Settings a report may carry.
pub const MAX_CONFIGURATION_SETTINGS: usize = 200;
/// Bytes one request may have.
pub const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// The SCIM schema of a bulk request.
pub const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// The SCIM schema of a bulk response.
pub const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// A batch of changes. `POST /provisioning/v1/bulk`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkRequest {
    /// [`BULK_REQUEST`].
    pub schemas: Vec<String>,
    /// The run that sends it, for the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// At most [`MAX_OPERATIONS`], executed in order, each on its own: one that is refused stops no other.
    #[serde(rename = "Operations")]
    pub operations: Vec<BulkOperation>,
}

/// One change. The wire form is SCIM's: `method`, `path`, `bulkId`, `data`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "method", rename_all = "UPPERCASE")]
pub enum BulkOperation {
    /// Make or update a user or group by its `externalId`. All properties are given; what is absent goes.
    Post(PostOperation),
    /// Add or remove members of a group: `path` is `/Groups/{externalId}`.
    Patch {
        /// `/Groups/{externalId}`.
        path: String,
        /// The members.
        data: ScimPatch,
    },
    /// Delete an object, softly: `path` is `/Users/{externalId}`, or the like of another kind.
    Delete {
        /// `/Users/{externalId}`, `/Groups/{externalId}`, `/Contacts/{externalId}` or `/Devices/{externalId}`.
        path: String,
    },
}

/// The resource of a `POST`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "path", content = "data")]
pub enum PostOperation {
    /// A user.
    #[serde(rename = "/Users")]
    User(Box<ScimUser>),
    /// A group, without its members.
    #[serde(rename = "/Groups")]
    Group(Box<ScimGroup>),
    /// A contact, with the resource of a user.
    #[serde(rename = "/Contacts")]
    Contact(Box<ScimUser>),
    /// A device, with the resource of a group.
    #[serde(rename = "/Devices")]
    Device(Box<ScimGroup>),
}

/// The answer to a batch: one result an operation, in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkResponse {
    /// [`BULK_RESPONSE`].
    pub schemas: Vec<String>,
    /// The results.
    #[serde(rename = "Operations")]
    pub operations: Vec<OperationResult>,
}

/// What became of one operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationResult {
    /// HTTP status as text, as SCIM wants it: `200`, `201`, `204`, `404`, `409`, `422`.
    pub status: String,
    /// What the tenant did.
    pub outcome: Outcome,
    /// Errors on the object after this operation, those that only degrade it included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<SyncError>,
}

/// What the tenant did with an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// A new object was made.
    Created,
    /// An existing cloud object was taken over (soft match), or a deleted one restored (hard match).
    Matched,
    /// The object was changed.
    Updated,
    /// Nothing was to do.
    Unchanged,
    /// The object was deleted.
    Deleted,
    /// The object was refused; `errors` say why. Nothing of it was written.
    Refused,
}

impl Outcome {
    /// Whether the tenant now holds what was sent.
    pub const fn is_confirmed(self) -> bool {
        !matches!(self, Self::Refused)
    }
}

/// What the tenant holds of one object of this client.
/// `GET /provisioning/v1/inventory?after={anchor}&top={n}` answers them ordered by anchor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryItem {
    /// The object.
    pub anchor: SourceAnchor,
    /// Its kind.
    pub kind: ObjectKind,
    /// A name for people.
    pub name: String,
    /// [`crate::Properties::fingerprint`] of what was last **sent** for it.
    pub fingerprint: Fingerprint,
    /// For a group, [`Fingerprint::of_members`] of the anchors of its members, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_fingerprint: Option<Fingerprint>,
    /// Whether the tenant keeps errors of it that a sync client found.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_errors: bool,
}

/// A page of the inventory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryPage {
    /// The objects.
    pub items: Vec<InventoryItem>,
    /// Ask on with this `after`; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<SourceAnchor>,
}

/// The anchors of a group's members. `GET /provisioning/v1/groups/{externalId}/members?after=&top=`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MembersPage {
    /// Anchors, sorted.
    pub members: Vec<SourceAnchor>,
    /// Ask on with this `after`; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<SourceAnchor>,
}

/// What a sync client is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClientState {
    /// It starts, or waits before it tries again.
    Starting,
    /// It reads the whole source or what changed since the last watermark.
    Importing,
    /// It writes a plan.
    Exporting,
    /// It is in step and follows changes as they happen.
    Live,
    /// It is in step and waits for its next cycle.
    Idle,
    /// An admin paused it.
    Paused,
    /// A plan waits for approval; nothing is written.
    Held,
    /// The last cycle ended with an error; the next is tried by schedule.
    Failed,
    /// Another client holds the lease: this one follows in staging, and writes nothing.
    Standby,
}

/// What a sync client says of itself. `POST /provisioning/v1/report`, at each change and every 30 s.
/// The times are the client's; the tenant adds its own time of contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientReport {
    /// Version of the program.
    pub version: String,
    /// Name of the machine.
    pub machine: String,
    /// The source, for people: `ldap://dc1.contoso.com (dc=contoso,dc=com)`.
    pub source: String,
    /// What it is doing.
    pub state: ClientState,
    /// Why, where the state needs a word: the error's whole text with its next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// End of the last import that was complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_import: Option<Timestamp>,
    /// End of the last export that the tenant confirmed whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_export: Option<Timestamp>,
    /// When the next cycle is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cycle: Option<Timestamp>,
    /// Seconds between cycles.
    pub cycle_seconds: u64,
    /// Objects in the connector space.
    pub connector_space_objects: u64,
    /// Changes not yet confirmed.
    pub pending: PendingCounts,
    /// The plan that waits for approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_plan: Option<PlanSummary>,
    /// Whether another client holds the lease, so that this one writes nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standby: bool,
    /// The lease that lets this client write; clients of one source share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<String>,
    /// The settings that decide what is written, by name, so that clients of one source can be compared. No
    /// secrets. At most [`MAX_CONFIGURATION_SETTINGS`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub configuration: BTreeMap<String, String>,
    /// What it does by the clock.
    #[serde(default)]
    pub timetable: Timetable,
}

/// Changes that the client still has to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingCounts {
    /// Objects to make.
    pub additions: u64,
    /// Objects to change.
    pub updates: u64,
    /// Objects to delete.
    pub deletions: u64,
}

/// The tenant's answer to a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportAnswer {
    /// The id by which the tenant knows this client.
    pub client: ClientId,
    /// Whether the tenant takes changes: false while directory synchronization is turned off.
    pub sync_enabled: bool,
    /// The newest client the server has for download.
    pub latest_version: String,
    /// The tenant's present moment, to measure the clocks' difference.
    pub now: Timestamp,
    /// The deletion threshold the tenant wants, where an admin set one there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_threshold: Option<crate::guard::DeletionThreshold>,
}

/// Errors that the client found itself. `PUT /provisioning/v1/errors` replaces the client-side errors of
/// the objects named in `objects` by `errors`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientErrors {
    /// All objects that were looked at; one without an error here has its old ones cleared.
    pub objects: Vec<SourceAnchor>,
    /// The errors now.
    pub errors: Vec<SyncError>,
}

/// Why a run was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunTrigger {
    /// By schedule.
    Cycle,
    /// By an order, or by `lockstep sync run`.
    Order,
    /// A change came in live.
    Live,
    /// The client started.
    Start,
    /// The client took over from another one of the same source.
    TakeOver,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunResult {
    /// All was confirmed.
    Success,
    /// All that could be written was; some objects have errors.
    CompletedWithErrors,
    /// The guard held the plan: nothing was written.
    StoppedDeletionThresholdExceeded,
    /// The source could not be read whole: nothing was deleted.
    StoppedImport,
    /// The tenant could not be written to.
    StoppedExport,
    /// Another client holds the lease: it was read and planned, and nothing written.
    Staged,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunStep {
    /// `Full Import`, `Delta Import`, `Synchronization`, `Export`: the field's names.
    pub name: String,
    /// Milliseconds it took.
    pub millis: u64,
    /// Objects it handled.
    pub objects: u64,
}

/// A run, whole. `POST /provisioning/v1/runs`. Live runs are sent merged: one record for the runs of a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRecord {
    /// The run.
    pub id: RunId,
    /// Why it was made.
    pub trigger: RunTrigger,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How it ended.
    pub result: RunResult,
    /// The error that ended it, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its steps.
    pub steps: Vec<RunStep>,
    /// What the tenant did, by kind and outcome (`created`, `updated`, ...).
    pub counts: BTreeMap<ObjectKind, BTreeMap<String, u64>>,
    /// Links added and removed.
    pub members_added: u64,
    /// Links removed.
    pub members_removed: u64,
    /// Objects in error when it ended.
    pub object_errors: u64,
    /// What a scheduled read of the whole source found that had been missed; absent for any other run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
}

/// What the tenant asks of a client, over the connection that the client opened:
/// `GET /provisioning/v1/orders` is a Server-Sent Events stream of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Its id; the answer goes to `POST /provisioning/v1/orders/{id}`.
    pub id: OrderId,
    /// What to do.
    #[serde(flatten)]
    pub request: OrderRequest,
}

/// A password on its way to a sync client. It is in no log: its debug form hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(...)")
    }
}

/// The directory that a newly enrolled client is to read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SourceSetup {
    /// `ldap://host[:389]` or `ldaps://host[:636]`.
    pub url: String,
    /// The entry to start at.
    pub base_dn: String,
    /// The account that reads; none: anonymous.
    pub bind_dn: Option<String>,
    /// Its password; where it is absent and the account is the one of before, the one of before.
    pub password: Option<Password>,
    /// Whether to ask for TLS on the plain port.
    pub start_tls: bool,
    /// Whether the password may cross the network readable.
    pub allow_plaintext_bind: bool,
    /// Containers to take in; none: all.
    pub include: Vec<String>,
    /// Containers to leave out.
    pub exclude: Vec<String>,
}

/// What an order asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "camelCase")]
pub enum OrderRequest {
    /// Run a cycle now.
    SyncNow {
        /// Read the whole source.
        #[serde(default)]
        full: bool,
    },
    /// Write nothing until resumed.
    Pause,
    /// Go on.
    Resume,
    /// Make a plan and write nothing.
    Preview {
        /// Items to list at most.
        #[serde(default)]
        limit: u32,
        /// A rule set (TOML) to plan by, in place of the client's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rules: Option<String>,
    },
    /// Approve the plan that is held.
    Approve {
        /// [`PlanSummary::deletions_digest`] of the plan meant.
        digest: String,
        /// Who approves.
        by: String,
    },
    /// Sync one object now.
    #[serde(rename_all = "camelCase")]
    SyncObject {
        /// Its anchor, DN, uid, mail address or name.
        object: String,
        /// Take it in though it lies outside the containers that were chosen.
        #[serde(default)]
        ignore_scope: bool,
    },
    /// Explain one object.
    Explain {
        /// Its anchor, DN, uid, mail address or name.
        object: String,
        /// A rule set (TOML) to explain it by, in place of the client's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rules: Option<String>,
    },
    /// Look at the installation.
    Doctor,
    /// Say where the pre-check of the directory stands.
    Precheck {
        /// Begin one, where none runs.
        #[serde(default)]
        start: bool,
    },
    /// Count what lies in each container of the directory.
    Containers,
    /// Try the directory that a client which waits for one is to read, and take it.
    Configure {
        /// The directory.
        source: Box<SourceSetup>,
        /// Whether to keep it and begin: to read, and to write once an order says to resume.
        #[serde(default)]
        begin: bool,
    },
    /// Give the lease back, so that the stand-by takes over now.
    HandOver,
    /// Tell the rules piece by piece.
    Rules {
        /// A rule set (TOML) to tell and to check, in place of the client's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rules: Option<String>,
    },
    /// Work out an expression for one object. Nothing is changed.
    Evaluate {
        /// Its anchor, DN, uid, mail address or name.
        object: String,
        /// The expression.
        expression: String,
        /// Whose attributes it reads.
        #[serde(default)]
        side: ExpressionSide,
        /// A rule set (TOML) with the names and parameters to read it by, in place of the client's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rules: Option<String>,
    },
}

/// A client's answer to an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "camelCase")]
pub enum OrderAnswer {
    /// It is being done, or is done.
    Accepted,
    /// It is not done.
    Refused {
        /// Why, and what to do.
        reason: String,
    },
    /// The plan asked for.
    Plan {
        /// The plan.
        plan: Box<PlanReport>,
    },
    /// The explanation asked for.
    Explanation {
        /// The explanation.
        explanation: Box<Explanation>,
    },
    /// What came of syncing one object.
    Object {
        /// The steps.
        report: Box<ObjectReport>,
    },
    /// What the doctor found.
    Doctor {
        /// The checks.
        checks: Vec<DoctorCheck>,
    },
    /// Where the pre-check stands.
    Precheck {
        /// Where.
        state: Box<PrecheckState>,
    },
    /// The containers of the directory, in order.
    Containers {
        /// Each with what lies directly in it.
        containers: Vec<ContainerCount>,
        /// Whether there are more.
        truncated: bool,
    },
    /// The rules.
    Rules {
        /// The rules, or what is wrong with them.
        rules: Box<RulesView>,
    },
    /// What came of an expression.
    Evaluated {
        /// What.
        report: Box<ExpressionReport>,
    },
}

/// How a check of `lockstep doctor` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckResult {
    /// As it should be.
    Pass,
    /// Works, and should be looked at.
    Warn,
    /// Does not work.
    Fail,
    /// Not made, because an earlier one failed.
    Skipped,
}

/// One check of `lockstep doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DoctorCheck {
    /// A stable name: `source.bind`.
    pub name: String,
    /// For people: `Sign in to the directory`.
    pub title: String,
    /// How it ended.
    pub result: CheckResult,
    /// What was seen.
    pub detail: String,
    /// What to do; absent where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Milliseconds it took.
    pub millis: u64,
}
