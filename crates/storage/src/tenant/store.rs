//! The trait of the tenant's store, each method a job in a transaction of a database.

use super::{
    access, access_log, activity, ahead, batch, changes, counters, directory, domains, errors, fixes,
    history, jobs, lease, lists, objects, organization, photos,
};
use crate::sql::{self, Connection, Fault};
use async_trait::async_trait;
use lockstep_model::guard::DeletionThreshold;
use lockstep_model::provisioning::{
    BulkOperation, ClientErrors, ClientReport, InventoryPage, LeaseAnswer, LeaseRequest, MembersPage,
    OperationResult, Outcome, RunRecord,
};
use lockstep_model::{ClientId, ObjectId, RunId, SourceAnchor, TenantId, Timestamp};
use lockstep_tenant::access::{AccessChange, AccessLine, AccessRefusal};
use lockstep_tenant::changes::{ChangesPage, ChangesQuery, MemberIds};
use lockstep_tenant::directory::{DirectoryWrite, DirectoryWritten};
use lockstep_tenant::fixes::{FixOutcome, FixRefusal, FixRequest, Fixes};
use lockstep_tenant::photo::{Photo, PhotoInfo};
use lockstep_tenant::store::SecretHash;
use lockstep_tenant::upkeep::{Replica, Task};
use lockstep_tenant::{
    Activity, ActivityQuery, ClientRecord, DirectoryError, Domain, DomainChange, DomainRefusal, ErrorQuery,
    ErrorRow, HistoryPage, HistoryQuery, Lease, ListQuery, LocalUser, ObjectCounts, Organization, Page,
    Session, StoreError, StoredObject, StoredRun, TenantSetup, TenantStore, TokenRecord, Writer,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::OwnedMutexGuard;

/// A database that jobs are run on, each in a transaction of the tenant.
pub(crate) trait Jobs: Clone + Send + Sync + 'static {
    /// Runs a job that writes, alone, and answers once that is durable. One that fails leaves no trace.
    fn write<T, F>(&self, action: &'static str, job: F) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: FnOnce(Connection<'_>) -> sql::Result<T> + Send + 'static;

    /// As [`Jobs::write`], for large jobs that as good as never fail once they have written something; where one
    /// does, others that share its transaction are told [`StoreError::Undone`].
    fn write_batch<T, F>(
        &self,
        action: &'static str,
        job: F,
    ) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: FnOnce(Connection<'_>) -> sql::Result<T> + Send + 'static,
    {
        self.write(action, job)
    }

    /// Runs a job that reads, on one state of the database. It may be run again where a connection was lost.
    fn read<T, F>(&self, action: &'static str, job: F) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: Fn(Connection<'_>) -> sql::Result<T> + Send + Sync + 'static;

    /// As [`Jobs::read`], for lists and other large questions: it may be asked of a copy of the database that is as far as
    /// this one is.
    fn survey<T, F>(&self, action: &'static str, job: F) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: Fn(Connection<'_>) -> sql::Result<T> + Send + Sync + 'static,
    {
        self.read(action, job)
    }

    /// The copies that are surveyed.
    fn replicas(&self) -> Vec<Replica> {
        Vec::new()
    }

    /// Whether this process leads.
    fn leads(&self) -> bool {
        true
    }

    /// Has no other change of domains of this tenant be made, by this process or another, where whom a domain leads to is
    /// not written with it.
    fn domains_alone(&self) -> impl Future<Output = Result<Option<Alone>, StoreError>> + Send {
        std::future::ready(Ok(None))
    }

    /// Has exactly the verified domains lead to this tenant, where that is not written with them.
    fn settle_domains(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Waits until another process wrote since this was asked last; for ever where none can.
    fn written_elsewhere(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// Held while a tenant's domains change: among the processes of a machine, and in this one.
#[derive(Debug)]
pub(crate) struct Alone {
    pub(crate) _file: std::fs::File,
    pub(crate) _here: OwnedMutexGuard<()>,
}

/// Does to the end what was begun, also where the caller goes away meanwhile.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::spawn(work).await.map_err(|_| StoreError::Closed)?
}

/// A tenant in a database of SQL: see [`crate::SqliteTenantStore`] and [`crate::PostgresTenantStore`]. Cloning is
/// cheap.
#[derive(Clone, Debug)]
pub struct SqlTenantStore<J> {
    pub(crate) jobs: J,
}

/// How often what is previewed may change while it is looked at.
const LOOKS: usize = 3;

/// Does a write to see what comes of it, and takes it back.
async fn undone<T: Send + 'static>(
    jobs: &impl Jobs,
    job: impl FnOnce(Connection<'_>) -> sql::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let seen: Arc<Mutex<Option<T>>> = Arc::default();
    let keep = seen.clone();
    let job = move |c: Connection<'_>| -> sql::Result<T> {
        let value = job(c)?;
        if let Ok(mut seen) = keep.lock() {
            *seen = Some(value);
        }
        Err(Fault::Undone)
    };
    match jobs.write("looking at what would be written", job).await {
        Ok(value) => Ok(value),
        Err(error) => seen.lock().ok().and_then(|mut seen| seen.take()).ok_or(error),
    }
}

/// Does a write that may turn out to be none: where it is refused, it is taken back.
async fn unless_refused<T, R>(
    jobs: &impl Jobs,
    action: &'static str,
    job: impl FnOnce(Connection<'_>) -> sql::Result<Result<T, R>> + Send + 'static,
) -> Result<Result<T, R>, StoreError>
where
    T: Send + 'static,
    R: Send + 'static,
{
    let refused: Arc<Mutex<Option<R>>> = Arc::default();
    let keep = refused.clone();
    let job = move |c: Connection<'_>| -> sql::Result<T> {
        job(c)?.map_err(|why| {
            if let Ok(mut refused) = keep.lock() {
                *refused = Some(why);
            }
            Fault::Undone
        })
    };
    match jobs.write(action, job).await {
        Ok(value) => Ok(Ok(value)),
        Err(error) => refused.lock().ok().and_then(|mut refused| refused.take()).map(Err).ok_or(error),
    }
}

/// As [`TenantStore::set_up`]; a tenant that is made gets this id, where one is given.
pub(crate) async fn set_up_as(
    jobs: &impl Jobs,
    id: Option<TenantId>,
    setup: TenantSetup,
    now: Timestamp,
) -> Result<Organization, StoreError> {
    let own = jobs.clone();
    let organization = to_the_end(async move {
        let _alone = own.domains_alone().await?;
        let job = move |c: Connection<'_>| organization::set_up(c, id, &setup, now);
        let organization = own.write("setting the tenant up", job).await;
        own.settle_domains().await?;
        organization
    });
    let organization = organization.await?;
    recalculate(jobs, now).await?;
    Ok(organization)
}

async fn recalculate(jobs: &impl Jobs, now: Timestamp) -> Result<u64, StoreError> {
    let mut changed = 0;
    loop {
        let job = move |c: Connection<'_>| domains::recalculate_some(c, now);
        let (some, more) = jobs.write("working sign-in names out anew", job).await?;
        changed += some;
        if !more {
            return Ok(changed);
        }
    }
}

#[async_trait]
impl<J: Jobs> TenantStore for SqlTenantStore<J> {
    async fn set_up(&self, setup: TenantSetup, now: Timestamp) -> Result<Organization, StoreError> {
        set_up_as(&self.jobs, None, setup, now).await
    }

    async fn organization(&self) -> Result<Organization, StoreError> {
        let read = |c: Connection<'_>| {
            organization::organization(c)?
                .ok_or_else(|| Fault::corrupt("the organization, which was never set up,"))
        };
        self.jobs.read("reading the organization", read).await
    }

    async fn set_sync_enabled(&self, enabled: bool, now: Timestamp) -> Result<(), StoreError> {
        let job = move |c: Connection<'_>| organization::set_sync_enabled(c, enabled, now);
        self.jobs.write("switching synchronization", job).await
    }

    async fn set_deletion_threshold(&self, threshold: Option<DeletionThreshold>) -> Result<(), StoreError> {
        self.jobs
            .write("setting the deletion threshold", move |c| organization::set_threshold(c, threshold))
            .await
    }

    async fn domains(&self) -> Result<Vec<Domain>, StoreError> {
        self.jobs.read("reading the domains", domains::list).await
    }

    async fn change_domain(
        &self,
        name: String,
        change: DomainChange,
        now: Timestamp,
    ) -> Result<Result<Option<Domain>, DomainRefusal>, StoreError> {
        let own = self.jobs.clone();
        let changed = to_the_end(async move {
            let _alone = own.domains_alone().await?;
            let job = move |c: Connection<'_>| domains::change(c, &name, &change, now);
            let changed = own.write("changing a domain", job).await;
            own.settle_domains().await?;
            changed
        });
        match changed.await {
            Err(StoreError::DomainElsewhere { domain }) => Ok(Err(DomainRefusal::Elsewhere(domain))),
            changed => changed,
        }
    }

    async fn domain_references(
        &self,
        name: String,
        after: Option<String>,
        top: usize,
    ) -> Result<Page<StoredObject>, StoreError> {
        let job = move |c: Connection<'_>| domains::referring(c, &name, after.as_deref(), top);
        self.jobs.read("listing what uses a domain", job).await
    }

    async fn recalculate_domains(&self, now: Timestamp) -> Result<u64, StoreError> {
        recalculate(&self.jobs, now).await
    }

    async fn provision(
        &self,
        writer: Writer,
        run: Option<RunId>,
        operations: Vec<BulkOperation>,
        now: Timestamp,
    ) -> Result<Vec<OperationResult>, StoreError> {
        let operations: Vec<_> = operations.into_iter().map(batch::Operation::of).collect();
        self.jobs
            .write_batch("provisioning", move |c| {
                lease::check(c, writer, operations.len(), now)?;
                let off =
                    organization::organization(c)?.is_some_and(|tenant| tenant.sync_enabled == Some(false));
                if off {
                    // Synchronization is turned off: objects are the cloud's own, and no client changes them.
                    return Ok(operations.iter().map(|_| batch::answer("403", Outcome::Refused)).collect());
                }
                ahead::look(c, &operations)?;
                let mut batch = batch::Batch::begin_for(c, now, history::Log::of(writer.client, run))?;
                let results: Result<_, _> =
                    operations.into_iter().map(|operation| batch.operation(operation)).collect();
                // After a failure nothing else is asked of the transaction: its own error is the one to tell.
                let results = results?;
                batch.finish()?;
                Ok(results)
            })
            .await
    }

    async fn inventory(&self, after: Option<SourceAnchor>, top: usize) -> Result<InventoryPage, StoreError> {
        self.jobs.read("reading the inventory", move |c| objects::inventory(c, after.as_ref(), top)).await
    }

    async fn group_members(
        &self,
        group: SourceAnchor,
        after: Option<SourceAnchor>,
        top: usize,
    ) -> Result<MembersPage, StoreError> {
        self.jobs.survey("reading members", move |c| objects::members(c, &group, after.as_ref(), top)).await
    }

    async fn put_client_errors(
        &self,
        writer: Writer,
        errors: ClientErrors,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.jobs
            .write("keeping a client's errors", move |c| {
                lease::check(c, writer, 0, now)?;
                organization::put_client_errors(c, errors, now)
            })
            .await
    }

    async fn lease(
        &self,
        client: ClientId,
        request: LeaseRequest,
        now: Timestamp,
    ) -> Result<LeaseAnswer, StoreError> {
        self.jobs.write("keeping a lease", move |c| lease::ask(c, client, &request, now)).await
    }

    async fn leases(&self, top: usize) -> Result<Vec<Lease>, StoreError> {
        self.jobs.read("listing leases", move |c| lease::list(c, top)).await
    }

    async fn put_report(
        &self,
        client: ClientId,
        report: ClientReport,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.jobs.write("keeping a report", move |c| organization::put_report(c, client, &report, now)).await
    }

    async fn put_run(&self, client: ClientId, run: RunRecord) -> Result<(), StoreError> {
        self.jobs.write("keeping a run", move |c| activity::put_run(c, client, &run)).await
    }

    async fn sweep_quarantine(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.jobs.write("sweeping the quarantine", move |c| organization::sweep(c, now)).await
    }

    fn leads(&self) -> bool {
        self.jobs.leads()
    }

    async fn plan_jobs(&self, now: Timestamp) -> Result<(), StoreError> {
        let overdue = self.jobs.read("reading what is due", move |c| jobs::overdue(c, now)).await?;
        if overdue.is_empty() {
            return Ok(());
        }
        self.jobs.write("saying what is due", move |c| jobs::plan(c, now)).await
    }

    async fn take_job(&self, who: String, now: Timestamp) -> Result<Option<Task>, StoreError> {
        if !self.jobs.read("reading what is due", move |c| jobs::is_due(c, now)).await? {
            return Ok(None);
        }
        self.jobs.write("taking what is due", move |c| jobs::take(c, &who, now)).await
    }

    async fn keep_job(&self, who: String, task: Task, now: Timestamp) -> Result<bool, StoreError> {
        self.jobs.write("keeping a task", move |c| jobs::keep(c, &who, task, now)).await
    }

    async fn end_job(
        &self,
        who: String,
        task: Task,
        error: Option<String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let job = move |c: Connection<'_>| jobs::end(c, &who, task, error.as_deref(), now);
        self.jobs.write("ending a task", job).await
    }

    fn replicas(&self) -> Vec<Replica> {
        self.jobs.replicas()
    }

    async fn purge(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let mut purged = 0;
        loop {
            let job = move |c: Connection<'_>| organization::purge_some(c, before, now);
            let (removed, more) = self.jobs.write("purging", job).await?;
            purged += removed;
            if !more {
                return Ok(purged);
            }
        }
    }

    async fn mark_restored(&self, now: Timestamp) -> Result<(), StoreError> {
        self.jobs.write("marking the tenant as restored", move |c| lease::restored(c, now)).await
    }

    async fn purge_history(&self, before: Timestamp, most_bytes: u64) -> Result<u64, StoreError> {
        let mut purged = 0;
        loop {
            let job = move |c: Connection<'_>| history::purge_some(c, before, most_bytes);
            let (removed, more) = self.jobs.write("purging the history", job).await?;
            purged += removed;
            if !more {
                return Ok(purged);
            }
        }
    }

    async fn write_directory(
        &self,
        write: DirectoryWrite,
        now: Timestamp,
    ) -> Result<DirectoryWritten, DirectoryError> {
        let written =
            self.jobs.write("writing to the directory", move |c| directory::write(c, write, now)).await?;
        Ok(written?)
    }

    async fn object(&self, id: ObjectId) -> Result<Option<StoredObject>, StoreError> {
        self.jobs.read("reading an object", move |c| objects::by_id(c, id)).await
    }

    async fn photo_info(&self, id: ObjectId) -> Result<Option<PhotoInfo>, StoreError> {
        self.jobs.read("reading about a photo", move |c| photos::look(c, id)).await
    }

    async fn photo(&self, id: ObjectId) -> Result<Option<Photo>, StoreError> {
        self.jobs.read("reading a photo", move |c| photos::read(c, id)).await
    }

    async fn set_photo(
        &self,
        id: ObjectId,
        photo: Option<Photo>,
        actor: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let job = move |c: Connection<'_>| photos::write(c, id, photo.as_ref(), actor, now);
        self.jobs.write("keeping a photo", job).await
    }

    async fn user_by_principal_name(&self, name: String) -> Result<Option<StoredObject>, StoreError> {
        self.jobs.read("reading a user", move |c| objects::by_sign_in_name(c, &name)).await
    }

    async fn list(&self, query: ListQuery) -> Result<Page<StoredObject>, StoreError> {
        self.jobs.survey("listing objects", move |c| lists::list(c, &query)).await
    }

    async fn errors(&self, query: ErrorQuery) -> Result<Page<ErrorRow>, StoreError> {
        self.jobs.survey("listing errors", move |c| errors::list(c, &query)).await
    }

    async fn ignore_error(
        &self,
        id: i64,
        ignore: bool,
        actor: String,
        now: Timestamp,
    ) -> Result<Option<ErrorRow>, StoreError> {
        let job = move |c: Connection<'_>| errors::ignore(c, id, ignore, actor, now);
        self.jobs.write("ignoring an error", job).await
    }

    async fn fixes(&self, id: i64, actor: String, now: Timestamp) -> Result<Option<Fixes>, StoreError> {
        for _ in 0..LOOKS {
            let look = move |c: Connection<'_>| fixes::look(c, id, now);
            let Some((mut found, offered)) = self.jobs.read("reading an error", look).await? else {
                return Ok(None);
            };
            for fix in offered {
                let actor = actor.clone();
                let previewed = undone(&self.jobs, move |c| fixes::preview(c, id, (fix, actor), now)).await?;
                found
                    .fixes
                    .extend(previewed.filter(|(etag, _)| *etag == found.etag).map(|(_, outcome)| outcome));
            }
            // Else it changed while it was looked at.
            let again = self.jobs.read("reading an error", look).await?;
            if again.is_some_and(|(again, _)| again.etag == found.etag) {
                found.etag = fixes::name(&found);
                return Ok(Some(found));
            }
        }
        Err(StoreError::Unavailable {
            action: "previewing a fix",
            source: "the error changes faster than it can be looked at".into(),
        })
    }

    async fn fix(
        &self,
        id: i64,
        request: FixRequest,
        now: Timestamp,
    ) -> Result<Result<FixOutcome, FixRefusal>, StoreError> {
        unless_refused(&self.jobs, "fixing an error", move |c| fixes::apply(c, id, &request, now)).await
    }

    async fn counts(&self) -> Result<ObjectCounts, StoreError> {
        self.jobs.read("counting", counters::counts).await
    }

    async fn clients(&self) -> Result<Vec<ClientRecord>, StoreError> {
        self.jobs.read("listing clients", organization::clients).await
    }

    async fn runs(&self, top: usize, after: Option<String>) -> Result<Page<StoredRun>, StoreError> {
        self.jobs.survey("listing runs", move |c| organization::runs(c, top, after.as_deref())).await
    }

    async fn run(&self, id: RunId) -> Result<Option<StoredRun>, StoreError> {
        self.jobs.read("reading a run", move |c| organization::one_run(c, id)).await
    }

    async fn activity(&self, query: ActivityQuery) -> Result<Vec<Activity>, StoreError> {
        self.jobs.survey("summing up runs", move |c| activity::activity(c, &query)).await
    }

    async fn history(&self, query: HistoryQuery) -> Result<HistoryPage, StoreError> {
        self.jobs.survey("reading the history", move |c| history::page(c, &query)).await
    }

    async fn written_elsewhere(&self) {
        self.jobs.written_elsewhere().await;
    }

    async fn change_mark(&self) -> Result<i64, StoreError> {
        self.jobs.read("reading the newest change", changes::mark).await
    }

    async fn changes(&self, query: ChangesQuery) -> Result<Option<ChangesPage>, StoreError> {
        self.jobs.survey("reading what changed", move |c| changes::page(c, &query)).await
    }

    async fn members_by_id(&self, group: ObjectId, after: i64, top: usize) -> Result<MemberIds, StoreError> {
        self.jobs.survey("reading members", move |c| changes::members(c, group, after, top)).await
    }

    async fn change_access(
        &self,
        change: AccessChange,
        now: Timestamp,
    ) -> Result<Result<Option<TokenRecord>, AccessRefusal>, StoreError> {
        self.jobs.write("changing who has access", move |c| access_log::change(c, change, now)).await
    }

    async fn access_log(&self, before: i64, top: usize) -> Result<Vec<AccessLine>, StoreError> {
        self.jobs.read("reading who changed what", move |c| access_log::lines(c, before, top)).await
    }

    async fn note_token_use(&self, name: String, now: Timestamp) -> Result<(), StoreError> {
        self.jobs.write("noting that a token was used", move |c| access_log::note_use(c, &name, now)).await
    }

    async fn token_uses(&self) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        self.jobs.read("reading when tokens were used", access_log::uses).await
    }

    async fn put_token(
        &self,
        secret: SecretHash,
        record: TokenRecord,
        now: Timestamp,
    ) -> Result<TokenRecord, StoreError> {
        self.jobs.write("keeping a token", move |c| access::put_token(c, secret, record, now)).await
    }

    async fn put_code(
        &self,
        secret: SecretHash,
        record: TokenRecord,
        now: Timestamp,
    ) -> Result<Option<TokenRecord>, StoreError> {
        self.jobs.write("keeping a code", move |c| access::put_code(c, secret, record, now)).await
    }

    async fn change_code(
        &self,
        code: SecretHash,
        secret: SecretHash,
        now: Timestamp,
    ) -> Result<Option<TokenRecord>, StoreError> {
        self.jobs.write("changing a code", move |c| access::change_code(c, code, secret, now)).await
    }

    async fn token(&self, secret: SecretHash, now: Timestamp) -> Result<Option<TokenRecord>, StoreError> {
        self.jobs.read("reading a token", move |c| access::token(c, secret, now)).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.jobs.read("listing tokens", access::tokens).await
    }

    async fn remove_token(&self, name: String) -> Result<bool, StoreError> {
        self.jobs.write("removing a token", move |c| access::remove_token(c, &name)).await
    }

    async fn put_user(&self, user: LocalUser) -> Result<(), StoreError> {
        self.jobs.write("keeping a user", move |c| access::put_user(c, &user)).await
    }

    async fn user(&self, name: String) -> Result<Option<LocalUser>, StoreError> {
        self.jobs.read("reading a user", move |c| access::user(c, &name)).await
    }

    async fn users(&self) -> Result<Vec<LocalUser>, StoreError> {
        self.jobs.read("listing users", access::users).await
    }

    async fn remove_user(&self, name: String) -> Result<bool, StoreError> {
        self.jobs.write("removing a user", move |c| access::remove_user(c, &name)).await
    }

    async fn put_link(&self, secret: SecretHash, session: Session) -> Result<(), StoreError> {
        self.jobs.write("keeping a link", move |c| access::put_session(c, secret, &session, true)).await
    }

    async fn take_link(&self, secret: SecretHash, now: Timestamp) -> Result<Option<Session>, StoreError> {
        self.jobs.write("taking a link", move |c| access::take_link(c, secret, now)).await
    }

    async fn put_session(&self, secret: SecretHash, session: Session) -> Result<(), StoreError> {
        self.jobs.write("keeping a session", move |c| access::put_session(c, secret, &session, false)).await
    }

    async fn lengthen_session(&self, secret: SecretHash, expires_at: Timestamp) -> Result<(), StoreError> {
        self.jobs
            .write("lengthening a session", move |c| access::lengthen_session(c, secret, expires_at))
            .await
    }

    async fn session(&self, secret: SecretHash, now: Timestamp) -> Result<Option<Session>, StoreError> {
        self.jobs.read("reading a session", move |c| access::session(c, secret, false, now)).await
    }

    async fn remove_session(&self, secret: SecretHash) -> Result<(), StoreError> {
        self.jobs.write("ending a session", move |c| access::remove_session(c, secret)).await
    }
}
