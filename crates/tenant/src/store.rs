//! The store of a tenant. Each method is one transaction; batches, not rows.

use crate::access::{AccessChange, AccessLine, AccessRefusal};
use crate::changes::{ChangesPage, ChangesQuery, MemberIds};
use crate::directory::{DirectoryError, DirectoryWrite, DirectoryWritten};
use crate::domains::{Domain, DomainChange, DomainRefusal};
use crate::fixes::{FixOutcome, FixRefusal, FixRequest, Fixes};
use crate::history::{HistoryPage, HistoryQuery};
use crate::lease::{Lease, Writer};
use crate::photo::{Photo, PhotoInfo};
use crate::query::{ListQuery, Page};
use crate::records::{
    Activity, ActivityQuery, ClientRecord, ErrorQuery, ErrorRow, LocalUser, ObjectCounts, Organization,
    Session, StoredObject, StoredRun, TenantSetup, TokenRecord,
};
use crate::upkeep::{Replica, Task};
use async_trait::async_trait;
use lockstep_model::guard::DeletionThreshold;
use lockstep_model::provisioning::{
    BulkOperation, ClientErrors, ClientReport, InventoryPage, LeaseAnswer, LeaseRequest, MembersPage,
    OperationResult, RunRecord,
};
use lockstep_model::{ClientId, ObjectId, RunId, SourceAnchor, Timestamp};
use std::collections::BTreeMap;

/// Why a store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or failed. `action` says what was tried.
    #[error("tenant store: {action} failed")]
    Database {
        /// What was tried.
        action: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database server cannot be reached, or the connection to it broke: nothing is known to be written, and what
    /// is sent again does no harm.
    #[error(
        "tenant store: {action} failed, the database server cannot be reached; check that it runs, then try again"
    )]
    Unavailable {
        /// What was tried.
        action: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk is full.
    #[error("tenant store: no space left on the disk of {path}; free some, nothing was lost")]
    DiskFull {
        /// The database file.
        path: String,
    },
    /// Another write of the same transaction failed and took this one with it. Nothing of it was written, and what
    /// is sent again does no harm.
    #[error(
        "tenant store: {action} was undone with another write that failed; nothing was written, try again"
    )]
    Undone {
        /// What was tried.
        action: &'static str,
    },
    /// What is stored cannot be read back.
    #[error("tenant store: {what} cannot be read back; restore a backup or report this")]
    Corrupt {
        /// What.
        what: String,
    },
    /// A page token that this store did not make.
    #[error("the page token is not valid; start the list anew")]
    BadPageToken,
    /// The question cannot be answered by this store.
    #[error("the query is not supported: {what}")]
    Unsupported {
        /// What of it.
        what: String,
    },
    /// The lease by which the write was made is not the client's any more. Nothing was written.
    #[error("the write is refused: {why}")]
    Fenced {
        /// Why, for people.
        why: String,
    },
    /// A domain is verified in another tenant of the server. Nothing was written.
    #[error(
        "domain '{domain}' is verified in another tenant of this server; a domain belongs to one tenant: remove it there first"
    )]
    DomainElsewhere {
        /// The domain.
        domain: String,
    },
    /// The store is shut down.
    #[error("tenant store: it is closed")]
    Closed,
}

/// SHA-256 of a secret.
pub type SecretHash = [u8; 32];

/// A tenant's store. `now` is always the caller's clock.
#[async_trait]
pub trait TenantStore: Send + Sync + 'static {
    /// Makes the tenant where there is none, and brings its name and domains to what `setup` says.
    async fn set_up(&self, setup: TenantSetup, now: Timestamp) -> Result<Organization, StoreError>;
    /// The organization.
    async fn organization(&self) -> Result<Organization, StoreError>;
    /// Turns directory synchronization on or off (off: synced objects become cloud-managed).
    async fn set_sync_enabled(&self, enabled: bool, now: Timestamp) -> Result<(), StoreError>;
    /// Sets the tenant's own deletion threshold.
    async fn set_deletion_threshold(&self, threshold: Option<DeletionThreshold>) -> Result<(), StoreError>;
    /// The domains, by name.
    async fn domains(&self) -> Result<Vec<Domain>, StoreError>;
    /// Changes one domain: see [`crate::domains::apply`]. Answers it as it is then, nothing where it is gone, or why
    /// the change is refused. Where verification came or went, [`TenantStore::recalculate_domains`] has work to do.
    async fn change_domain(
        &self,
        name: String,
        change: DomainChange,
        now: Timestamp,
    ) -> Result<Result<Option<Domain>, DomainRefusal>, StoreError>;
    /// The living objects with a sign-in name or an address in a domain, in a stable order; 1 to 999 a page.
    async fn domain_references(
        &self,
        name: String,
        after: Option<String>,
        top: usize,
    ) -> Result<Page<StoredObject>, StoreError>;
    /// Works out anew the names that domains which came or went have a say in, in pages, each a transaction; what was
    /// begun by a process that ended is taken up. Answers how many objects changed.
    async fn recalculate_domains(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Executes a batch of a sync client: one result an operation, in order; all durable when it returns. In the
    /// same transaction it is looked whether the writer's lease still holds; else [`StoreError::Fenced`]. A write
    /// renews the lease. What it changes is in the history, under `run`, by the same transaction.
    async fn provision(
        &self,
        writer: Writer,
        run: Option<RunId>,
        operations: Vec<BulkOperation>,
        now: Timestamp,
    ) -> Result<Vec<OperationResult>, StoreError>;
    /// What the tenant holds of this client's objects, ordered by anchor, after `after`; at most 5,000 a page.
    async fn inventory(&self, after: Option<SourceAnchor>, top: usize) -> Result<InventoryPage, StoreError>;
    /// The members of a synced group by anchor, sorted, pending ones included; at most 50,000 a page.
    async fn group_members(
        &self,
        group: SourceAnchor,
        after: Option<SourceAnchor>,
        top: usize,
    ) -> Result<MembersPage, StoreError>;
    /// Replaces client-side errors; fenced as [`TenantStore::provision`] is.
    async fn put_client_errors(
        &self,
        writer: Writer,
        errors: ClientErrors,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Gives, renews or takes back a lease; see [`crate::lease::decide`].
    async fn lease(
        &self,
        client: ClientId,
        request: LeaseRequest,
        now: Timestamp,
    ) -> Result<LeaseAnswer, StoreError>;
    /// The newest leases, newest first.
    async fn leases(&self, top: usize) -> Result<Vec<Lease>, StoreError>;
    /// Takes a report; turns `onPremisesSyncEnabled` on at the first one with an export.
    async fn put_report(
        &self,
        client: ClientId,
        report: ClientReport,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Keeps a run; `put` again with the same id replaces it (live runs grow).
    async fn put_run(&self, client: ClientId, run: RunRecord) -> Result<(), StoreError>;
    /// Looks at every quarantined value: what is free now is put in force. Answers how many were released.
    async fn sweep_quarantine(&self, now: Timestamp) -> Result<u64, StoreError>;
    /// Whether this process is the one of all that use the tenant which says what is due. It takes part in choosing one
    /// from the first question on.
    fn leads(&self) -> bool {
        true
    }
    /// Makes due what was not done for an hour; see [`crate::upkeep`].
    async fn plan_jobs(&self, now: Timestamp) -> Result<(), StoreError>;
    /// Takes what is due and nobody is at, for [`crate::upkeep::TERM`]. `who` is this process.
    async fn take_job(&self, who: String, now: Timestamp) -> Result<Option<Task>, StoreError>;
    /// Keeps a task for another term. Answers whether it is still this process's.
    async fn keep_job(&self, who: String, task: Task, now: Timestamp) -> Result<bool, StoreError>;
    /// Says that a task is done, or why it is not.
    async fn end_job(
        &self,
        who: String,
        task: Task,
        error: Option<String>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// The replicas that lists may be read from.
    fn replicas(&self) -> Vec<Replica> {
        Vec::new()
    }
    /// Removes what was deleted before `before`, and says so in the history.
    async fn purge(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError>;
    /// Says that the tenant was taken from a backup of whatever kind: the leases in it end, and sync clients and delta
    /// queries compare anew with what it holds.
    async fn mark_restored(&self, now: Timestamp) -> Result<(), StoreError>;
    /// Removes runs that ended, and history of objects that was made, before `before`; then the oldest history
    /// until it takes no more than about `most_bytes`. Answers how many rows went.
    async fn purge_history(&self, before: Timestamp, most_bytes: u64) -> Result<u64, StoreError>;

    /// Writes one object as the cloud's own: makes, changes, deletes, restores or purges it. See
    /// [`crate::directory`] for what is refused.
    async fn write_directory(
        &self,
        write: DirectoryWrite,
        now: Timestamp,
    ) -> Result<DirectoryWritten, DirectoryError>;

    /// One object by id, living or deleted.
    async fn object(&self, id: ObjectId) -> Result<Option<StoredObject>, StoreError>;
    /// What is known of an object's photo; none where it has none.
    async fn photo_info(&self, id: ObjectId) -> Result<Option<PhotoInfo>, StoreError>;
    /// An object's photo; none where it has none. It goes with its object, and comes back with it.
    async fn photo(&self, id: ObjectId) -> Result<Option<Photo>, StoreError>;
    /// Gives a living object a photo in place of the one it has, or takes that away; the history says so. Answers
    /// whether there is such an object and, to take away, a photo.
    async fn set_photo(
        &self,
        id: ObjectId,
        photo: Option<Photo>,
        actor: String,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// One living user by sign-in name (no regard to case).
    async fn user_by_principal_name(&self, name: String) -> Result<Option<StoredObject>, StoreError>;
    /// A list of objects.
    async fn list(&self, query: ListQuery) -> Result<Page<StoredObject>, StoreError>;
    /// The list of errors, with the count of all that match.
    async fn errors(&self, query: ErrorQuery) -> Result<Page<ErrorRow>, StoreError>;
    /// Ignores an error until what it is about changes (its code, property or value, the other object, a value that
    /// the source sends of the object), or shows it again; the history says who did. Answers it as it is then; none
    /// where there is no such error.
    async fn ignore_error(
        &self,
        id: i64,
        ignore: bool,
        actor: String,
        now: Timestamp,
    ) -> Result<Option<ErrorRow>, StoreError>;
    /// What can be done about an error, and what each would do were `actor` to ask for it; nothing is written. None
    /// where there is no such error.
    async fn fixes(&self, id: i64, actor: String, now: Timestamp) -> Result<Option<Fixes>, StoreError>;
    /// Fixes an error, in one transaction; see [`crate::fixes`]. Values that become free are put in force at once.
    async fn fix(
        &self,
        id: i64,
        request: FixRequest,
        now: Timestamp,
    ) -> Result<Result<FixOutcome, FixRefusal>, StoreError>;
    /// Counts for the status page.
    async fn counts(&self) -> Result<ObjectCounts, StoreError>;
    /// The sync clients, by service account.
    async fn clients(&self) -> Result<Vec<ClientRecord>, StoreError>;
    /// Runs, newest first; at most 1,000 a page.
    async fn runs(&self, top: usize, after: Option<String>) -> Result<Page<StoredRun>, StoreError>;
    /// One run.
    async fn run(&self, id: RunId) -> Result<Option<StoredRun>, StoreError>;
    /// What runs did that ended within a time, by parts of it in order; parts without a run are left out.
    async fn activity(&self, query: ActivityQuery) -> Result<Vec<Activity>, StoreError>;
    /// What became of objects, newest first. None where the object asked for is not known.
    async fn history(&self, query: HistoryQuery) -> Result<HistoryPage, StoreError>;

    /// Waits until another process wrote to this tenant since this was asked last, or may have; for ever where none can.
    /// For one caller, who then looks anew.
    async fn written_elsewhere(&self) {
        std::future::pending().await
    }
    /// The newest mark: what changes from now on is after it.
    async fn change_mark(&self) -> Result<i64, StoreError>;
    /// What changed after a mark. None where the history does not reach back to it, or cannot name all members that
    /// went: the caller begins anew.
    async fn changes(&self, query: ChangesQuery) -> Result<Option<ChangesPage>, StoreError>;
    /// The living members of a living group by id, after a place that a page before named (0 at first); at most
    /// 10,000 a page.
    async fn members_by_id(&self, group: ObjectId, after: i64, top: usize) -> Result<MemberIds, StoreError>;

    /// Changes who gets in, with a line of who did, in one transaction. Answers the token where one was made.
    async fn change_access(
        &self,
        change: AccessChange,
        now: Timestamp,
    ) -> Result<Result<Option<TokenRecord>, AccessRefusal>, StoreError>;
    /// Lines of who changed what with an id below `before`, newest first.
    async fn access_log(&self, before: i64, top: usize) -> Result<Vec<AccessLine>, StoreError>;
    /// A token was used. For one call in some minutes: it is a write.
    async fn note_token_use(&self, name: String, now: Timestamp) -> Result<(), StoreError>;
    /// When tokens were used last, of those that were, by name.
    async fn token_uses(&self) -> Result<BTreeMap<String, Timestamp>, StoreError>;
    /// Makes or replaces a token. For a sync client, `record.client` is filled in where absent, and returned.
    async fn put_token(
        &self,
        secret: SecretHash,
        record: TokenRecord,
        now: Timestamp,
    ) -> Result<TokenRecord, StoreError>;
    /// Makes a code for a sync client of this name, in place of one that was not used; none where the name has a token.
    async fn put_code(
        &self,
        secret: SecretHash,
        record: TokenRecord,
        now: Timestamp,
    ) -> Result<Option<TokenRecord>, StoreError>;
    /// Changes a code for a token that lasts, once: of several that ask with the same code one gets it. None where there
    /// is no such code, or not any more.
    async fn change_code(
        &self,
        code: SecretHash,
        secret: SecretHash,
        now: Timestamp,
    ) -> Result<Option<TokenRecord>, StoreError>;
    /// The token of a secret, if it has not ended.
    async fn token(&self, secret: SecretHash, now: Timestamp) -> Result<Option<TokenRecord>, StoreError>;
    /// All tokens, by name.
    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError>;
    /// Ends a token. Answers whether there was one.
    async fn remove_token(&self, name: String) -> Result<bool, StoreError>;
    /// Makes or replaces a local user; ends the user's sessions.
    async fn put_user(&self, user: LocalUser) -> Result<(), StoreError>;
    /// A local user by name.
    async fn user(&self, name: String) -> Result<Option<LocalUser>, StoreError>;
    /// All local users, by name.
    async fn users(&self) -> Result<Vec<LocalUser>, StoreError>;
    /// Removes a local user and the sessions. Answers whether there was one.
    async fn remove_user(&self, name: String) -> Result<bool, StoreError>;
    /// Keeps a one-time sign-in link.
    async fn put_link(&self, secret: SecretHash, session: Session) -> Result<(), StoreError>;
    /// Takes a one-time link: it works once, and not after its end.
    async fn take_link(&self, secret: SecretHash, now: Timestamp) -> Result<Option<Session>, StoreError>;
    /// Keeps a session.
    async fn put_session(&self, secret: SecretHash, session: Session) -> Result<(), StoreError>;
    /// Has a session end later. One that was ended meanwhile stays ended.
    async fn lengthen_session(&self, secret: SecretHash, expires_at: Timestamp) -> Result<(), StoreError>;
    /// The session of a cookie, if it has not ended.
    async fn session(&self, secret: SecretHash, now: Timestamp) -> Result<Option<Session>, StoreError>;
    /// Ends a session.
    async fn remove_session(&self, secret: SecretHash) -> Result<(), StoreError>;
}
