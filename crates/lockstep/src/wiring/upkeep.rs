//! What the server does of itself, by the hour. Of several servers of one database one leads and says what is due; any of them
//! takes it. `lockstep_tenant::upkeep` says what there is, the store who is at it. Tenants are looked at one after another; the
//! others than the first less often, for each has to be opened.

use super::store::Registry;
use crate::clock::SystemClock;
use crate::config::History;
use lockstep_model::Clock;
use lockstep_tenant::upkeep::{TERM, Task};
use lockstep_tenant::{StoreError, TenantStore};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Time between two looks at what is due.
const LOOK: Duration = Duration::from_secs(5);
/// The same, of the tenants beside the first.
const OTHERS: Duration = Duration::from_secs(600);

/// How long things are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keeping {
    /// What was deleted.
    pub(crate) deleted: Duration,
    /// Runs and changes.
    pub(crate) history: History,
}

/// Looks, takes and does what is due, until `stop`. `store` is the first tenant's.
pub(crate) async fn run(
    registry: Registry,
    store: Arc<dyn TenantStore>,
    keeping: Keeping,
    stop: CancellationToken,
) {
    // A server that is started again may be another one meanwhile: of the same machine, it is not the same process.
    let who =
        format!("{} {}", super::client::machine(), lockstep_model::RunId::generate(SystemClock.now()).0);
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut others: Option<Instant> = None;
    loop {
        tokio::select! { () = stop.cancelled() => return, _ = looks.tick() => {} }
        if let Err(error) = look(store.as_ref(), &who, keeping, &stop).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "what is due cannot be asked");
        }
        if others.is_none_or(|at| at.elapsed() >= OTHERS) {
            others = Some(Instant::now());
            if let Err(error) = look_at_others(&registry, &who, keeping, &stop).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "tenants cannot be looked after");
            }
        }
    }
}

async fn look_at_others(
    registry: &Registry,
    who: &str,
    keeping: Keeping,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    let tenants = registry.tenants.list().await?;
    for tenant in tenants.into_iter().filter(|tenant| !tenant.is_going && !tenant.is_first) {
        if stop.is_cancelled() {
            break;
        }
        let looked = match registry.tenants.open(tenant.id).await {
            // It is closed again once others are used.
            Ok(Some(store)) => look(store.as_ref(), who, keeping, stop).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = looked {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(tenant = %tenant.id, error, "a tenant cannot be looked after");
        }
    }
    Ok(())
}

async fn look(
    store: &dyn TenantStore,
    who: &str,
    keeping: Keeping,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    if store.leads() {
        store.plan_jobs(SystemClock.now()).await?;
    }
    while !stop.is_cancelled() {
        let Some(task) = store.take_job(who.to_owned(), SystemClock.now()).await? else { break };
        let done = tokio::select! {
            done = carry_out(store, task, keeping) => done,
            () = hold(store, who, task) => {
                tracing::warn!(task = task.name(), "another server took it over");
                continue;
            }
        };
        if let Err(error) = &done {
            let error = error as &dyn std::error::Error;
            tracing::warn!(task = task.name(), error, "cannot be done now; it is tried again");
        }
        let error = done.err().map(|error| error.to_string());
        store.end_job(who.to_owned(), task, error, SystemClock.now()).await?;
    }
    Ok(())
}

/// Keeps the task while it is done. Ends where it is not this server's any more.
async fn hold(store: &dyn TenantStore, who: &str, task: Task) {
    let pause = Duration::try_from(TERM).unwrap_or(LOOK) / 4;
    loop {
        tokio::time::sleep(pause).await;
        match store.keep_job(who.to_owned(), task, SystemClock.now()).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a task was not kept");
            }
        }
    }
}

async fn carry_out(store: &dyn TenantStore, task: Task, keeping: Keeping) -> Result<(), StoreError> {
    let now = SystemClock.now();
    let (done, what) = match task {
        Task::Quarantine => {
            (store.sweep_quarantine(now).await?, "quarantined values are free and in force now")
        }
        Task::Domains => {
            (store.recalculate_domains(now).await?, "names were worked out anew, for a domain came or went")
        }
        Task::Deleted => match now.checked_sub(keeping.deleted) {
            Ok(before) => (store.purge(before, now).await?, "what was deleted long ago is gone"),
            Err(_) => return Ok(()),
        },
        Task::History => match now.checked_sub(keeping.history.keep.0) {
            Ok(before) => {
                let most = keeping.history.max_megabytes.saturating_mul(1024 * 1024);
                (store.purge_history(before, most).await?, "old history is gone")
            }
            Err(_) => return Ok(()),
        },
    };
    if done > 0 {
        tracing::info!(task = task.name(), done, "{what}");
    } else {
        tracing::debug!(task = task.name(), "there was nothing to do");
    }
    Ok(())
}
