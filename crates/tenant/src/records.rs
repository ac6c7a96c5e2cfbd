//! What a tenant holds, as its store hands it out.

use lockstep_model::guard::DeletionThreshold;
use lockstep_model::provisioning::{ClientReport, RunRecord};
use lockstep_model::{
    ClientId, ErrorCategory, ObjectId, ObjectKind, Properties, SourceAnchor, SyncError, TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A user or group.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredObject {
    /// Graph's `id`.
    pub id: ObjectId,
    /// User or group.
    pub kind: ObjectKind,
    /// Source anchor (`onPremisesImmutableId`); absent for a cloud-only object that was never matched.
    pub anchor: Option<SourceAnchor>,
    /// `onPremisesSyncEnabled`: true while synced, false if it was once, null if never.
    pub sync_enabled: Option<bool>,
    /// The properties in force: placeholders and left-out addresses already applied.
    pub properties: Properties,
    /// What it holds beside: see [`crate::directory::ObjectChanges::extra`].
    pub extra: BTreeMap<String, serde_json::Value>,
    /// SCIM's `externalId`, where a caller set one.
    pub external_id: Option<String>,
    /// The manager.
    pub manager: Option<ObjectId>,
    /// Grows with every change of the object, its members included.
    pub version: u64,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a sync client last changed it.
    pub last_sync: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Graph's `onPremisesProvisioningErrors`.
    pub provisioning_errors: Vec<ProvisioningError>,
}

/// Graph's `onPremisesProvisioningError`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvisioningError {
    /// `PropertyConflict` for two objects with one value, else our [`lockstep_model::ErrorCode`].
    pub category: String,
    /// When it was first seen.
    pub occurred_date_time: Timestamp,
    /// `UserPrincipalName`, `ProxyAddresses`, ...
    pub property_causing_error: String,
    /// The value at fault.
    pub value: String,
}

/// An error in the list of errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorRow {
    /// A stable id.
    pub id: i64,
    /// The error.
    #[serde(flatten)]
    pub error: SyncError,
    /// Its category.
    pub category: ErrorCategory,
    /// What it does to the object.
    pub severity: lockstep_model::error::Severity,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// How often the object was sent with it.
    pub attempts: u64,
    /// Who does not want to see it, since when; absent for one that is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<Ignored>,
}

/// An error that is ignored until what it is about changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ignored {
    /// The person or program, by name.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Which errors a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// Those that nobody ignores.
    #[default]
    Open,
    /// Those that are ignored.
    Ignored,
    /// All.
    All,
}

/// A question for the list of errors. Ordered by last seen, newest first, then id.
#[derive(Clone, Debug, Default)]
pub struct ErrorQuery {
    /// Only this category.
    pub category: Option<ErrorCategory>,
    /// Only this kind of object.
    pub kind: Option<ObjectKind>,
    /// Only errors of this object.
    pub object: Option<ObjectId>,
    /// Ignored ones left out, alone, or among the others.
    pub shown: Shown,
    /// Free text over names, values and messages.
    pub search: Option<String>,
    /// Rows a page; 1 to 999.
    pub top: usize,
    /// Where the page before ended.
    pub after: Option<String>,
}

/// What a tenant is told when it is made or opened. Domains given are added, verified as said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSetup {
    /// Name of the organization.
    pub display_name: String,
    /// The initial domain: always verified, cannot be removed.
    pub initial_domain: String,
    /// Other domains, and whether they are verified (by configuration; by DNS later).
    pub domains: Vec<(String, bool)>,
}

/// The organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Graph's `organization.id`.
    pub id: TenantId,
    /// Name.
    pub display_name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// `onPremisesSyncEnabled`: null until a client first synced.
    pub sync_enabled: Option<bool>,
    /// Deletion threshold that an admin set in the tenant; absent: the client's own.
    pub deletion_threshold: Option<DeletionThreshold>,
}

/// Counts for the status page. All from counters or indexes: cheap with a million objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectCounts {
    /// Users.
    pub users: u64,
    /// Users that are synced.
    pub synced_users: u64,
    /// Groups.
    pub groups: u64,
    /// Groups that are synced.
    pub synced_groups: u64,
    /// Contacts.
    #[serde(default)]
    pub contacts: u64,
    /// Contacts that are synced.
    #[serde(default)]
    pub synced_contacts: u64,
    /// Devices.
    #[serde(default)]
    pub devices: u64,
    /// Devices that are synced.
    #[serde(default)]
    pub synced_devices: u64,
    /// Links between groups and members.
    pub memberships: u64,
    /// Deleted objects that can be restored.
    pub deleted: u64,
    /// Users with an error that is not ignored.
    pub users_with_errors: u64,
    /// Of these, users that are not in the cloud, or whose changes do not arrive.
    #[serde(default)]
    pub users_blocked: u64,
    /// Errors by category, ignored ones left out.
    pub errors: BTreeMap<ErrorCategory, u64>,
    /// Errors that are ignored.
    #[serde(default)]
    pub ignored_errors: u64,
}

/// A sync client as the tenant knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientRecord {
    /// Its id.
    pub id: ClientId,
    /// The service account: the name of the token it signs in with.
    pub service_account: String,
    /// What it said last; absent before its first report.
    pub report: Option<ClientReport>,
    /// When it said it, by the tenant's clock.
    pub last_contact: Option<Timestamp>,
}

/// A run with the client that made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredRun {
    /// The client.
    pub client: ClientId,
    /// The run.
    #[serde(flatten)]
    pub run: RunRecord,
}

/// A time in parts of one length: the first begins at `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivityQuery {
    /// The first moment.
    pub from: Timestamp,
    /// Seconds of one part.
    pub step_seconds: u32,
    /// How many parts.
    pub parts: u32,
}

/// What the runs did that ended within one part of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Which part, from 0.
    pub part: u32,
    /// How many runs.
    pub runs: u64,
    /// Runs that ended before they were through.
    pub failed: u64,
    /// Objects made or taken over.
    pub created: u64,
    /// Objects changed.
    pub updated: u64,
    /// Objects deleted.
    pub deleted: u64,
    /// Links added and removed.
    pub members: u64,
    /// Milliseconds that their steps took, together.
    pub work_millis: u64,
    /// Milliseconds that the steps of the longest took.
    pub longest_millis: u64,
}

/// What a token or a person may do. (Roles in full come with the access issue.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Reads everything, changes everything.
    Admin,
    /// Reads everything, changes nothing.
    Reader,
    /// A sync client: the provisioning endpoints and nothing else.
    SyncClient,
    /// Another system that provisions users and groups: the SCIM endpoint and nothing else.
    Scim,
}

/// A bearer token, without its secret: the store keeps only the SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRecord {
    /// Its name, unique: for a sync client, the service account.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The client it belongs to, for the role of a sync client.
    pub client: Option<ClientId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A local administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalUser {
    /// Name to sign in with, in lower case.
    pub name: String,
    /// PHC string of argon2id.
    pub password_hash: String,
    /// What the person may do.
    pub role: Role,
}

/// A signed-in browser. The store keeps only the SHA-256 of the cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub user: String,
    /// What they may do.
    pub role: Role,
    /// When it ends.
    pub expires_at: Timestamp,
}
