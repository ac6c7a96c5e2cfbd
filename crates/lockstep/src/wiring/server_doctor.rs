//! The server's own checks, for the portal's troubleshooter and `lockstep doctor`.

use super::disk::{self, Space};
use crate::clock::SystemClock;
use crate::commands;
use crate::config::Loaded;
use async_trait::async_trait;
use jiff::SignedDuration;
use lockstep_model::Clock;
use lockstep_model::plan::Verdict;
use lockstep_model::provisioning::{CheckResult, DoctorCheck, RunResult};
use lockstep_tenant::standby::{differences, is_ready, role};
use lockstep_tenant::upkeep::ReplicaState;
use lockstep_tenant::{ClientRole, StoreError, TenantStore};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// A store slower than this is worth a look.
const SLOW: SignedDuration = SignedDuration::from_millis(500);

/// Newest leases that are looked at.
const LEASES: usize = 100;

/// What the server can say of itself.
pub(crate) struct ServerDoctor {
    loaded: Loaded,
    store: Arc<dyn TenantStore>,
    /// Whether the tenant's administrators look after the server as well.
    is_first: bool,
}

impl ServerDoctor {
    /// That of the server and its first tenant.
    pub(crate) fn new(loaded: Loaded, store: Arc<dyn TenantStore>) -> Self {
        Self { loaded, store, is_first: true }
    }

    /// That of another tenant: the machine and its settings are none of its people's business.
    pub(crate) fn of_another(loaded: Loaded, store: Arc<dyn TenantStore>) -> Self {
        Self { loaded, store, is_first: false }
    }
}

#[async_trait]
impl lockstep_api::Doctor for ServerDoctor {
    async fn check(&self) -> Vec<DoctorCheck> {
        let store = self.store.as_ref();
        let config = &self.loaded.config;
        let mut checks = Vec::new();
        let mut place = "this server".to_owned();
        if self.is_first {
            place = super::store::described(config);
            checks.push(configuration(&self.loaded));
            checks.push(space("server.disk", "Space for the tenant's database", &config.server.data_dir));
        }
        checks.extend([
            database(store, &place).await,
            clock(store).await,
            last_run(store).await,
            leases(store).await,
        ]);
        checks.extend(replicas(store));
        checks.extend(guards(store).await);
        checks
    }
}

/// How the newest run of a sync client ended.
async fn last_run(store: &dyn TenantStore) -> DoctorCheck {
    let check = Check::begin("server.lastRun", "The last run of synchronization");
    let run = match store.runs(1, None).await {
        Err(error) => return check.fail(error.to_string(), "See the server's log."),
        Ok(runs) => runs.items.into_iter().next().map(|stored| stored.run),
    };
    let Some(run) = run else {
        return check.pass("none yet");
    };
    let when = format!("{:.0}", run.ended_at);
    match (run.result, run.error) {
        (RunResult::Staged, _) => check.pass(format!("a stand-by's, which writes nothing, {when}")),
        (RunResult::Success, _) => check.pass(format!("all done, {when}")),
        (RunResult::CompletedWithErrors, _) => check.warn(
            format!("done, with {} objects in error, {when}", run.object_errors),
            "Look at the errors: each names the object, the cause and the remedy.",
        ),
        (RunResult::StoppedDeletionThresholdExceeded, _) => {
            check.warn(format!("held by the guard, {when}"), "Look at the waiting plan; see the next check.")
        }
        (RunResult::StoppedImport | RunResult::StoppedExport, error) => check.fail(
            format!("stopped, {when}: {}", error.unwrap_or_else(|| "no reason was given".to_owned())),
            "Follow the error's own advice; nothing was deleted, and the next cycle tries again.",
        ),
    }
}

/// Who writes, who stands by, and in which settings they differ.
async fn leases(store: &dyn TenantStore) -> DoctorCheck {
    let check = Check::begin("server.lease", "Which sync client writes");
    let now = SystemClock.now();
    let (leases, clients) = match (store.leases(LEASES).await, store.clients().await) {
        (Ok(leases), Ok(clients)) => (leases, clients),
        (Err(error), _) | (_, Err(error)) => return check.fail(error.to_string(), "See the server's log."),
    };
    let mut words = Vec::new();
    let mut lapsed = Vec::new();
    for lease in leases.iter().filter(|lease| lease.ended_at.is_none()) {
        let age = now.duration_since(lease.renewed_at).as_secs().max(0);
        let said = format!(
            "{} writes for \"{}\" by epoch {}, renewed {age} s ago",
            lease.machine, lease.name, lease.epoch
        );
        if lease.is_held(now) { words.push(said) } else { lapsed.push(said) }
    }
    for client in &clients {
        if role(client, &leases, now) == Some(ClientRole::Standby)
            && let Some(report) = &client.report
        {
            let lease = report.lease.as_deref().unwrap_or_default();
            let ready = if is_ready(client, lease, now) { "ready" } else { "NOT ready" };
            words.push(format!("{} stands by for \"{lease}\", {ready}", report.machine));
        }
    }
    let differences = differences(&clients, now);
    if let Some(first) = differences.first() {
        let values: Vec<_> = first
            .values
            .iter()
            .map(|one| format!("{}: {}", one.service_account, one.value.as_deref().unwrap_or("not set")))
            .collect();
        return check.warn(
            format!(
                "clients of one source differ in {}, such as {} ({})",
                if differences.len() == 1 { "1 setting".to_owned() } else { format!("{} settings", differences.len()) },
                first.setting,
                values.join(", ")
            ),
            "Make their configurations the same: after a take-over the other one's settings decide what is written.",
        );
    }
    if !lapsed.is_empty() {
        return check.warn(
            format!("the lease has lapsed: {}", lapsed.join("; ")),
            "The client that wrote fell silent, and no stand-by took over; start it, or see its log.",
        );
    }
    check.pass(if words.is_empty() { "no client holds a lease".to_owned() } else { words.join("; ") })
}

/// Whether a plan waits for a person, client by client.
async fn guards(store: &dyn TenantStore) -> Vec<DoctorCheck> {
    const TITLE: &str = "Plans that wait for approval";
    let begin = || Check::begin("server.guard", TITLE);
    let clients = match store.clients().await {
        Ok(clients) => clients,
        Err(error) => return vec![begin().fail(error.to_string(), "See the server's log.")],
    };
    let held: Vec<DoctorCheck> = clients
        .into_iter()
        .filter_map(|client| Some((client.service_account, client.report?.held_plan?.verdict)))
        .filter_map(|(account, verdict)| match verdict {
            Verdict::Held { reason, remedy } => Some(begin().warn(format!("{account}: {reason}"), remedy)),
            Verdict::Pass => None,
        })
        .collect();
    if held.is_empty() { vec![begin().pass("none")] } else { held }
}

/// A check that is being made.
pub(crate) struct Check {
    name: &'static str,
    title: &'static str,
    began: Instant,
}

impl Check {
    pub(crate) fn begin(name: &'static str, title: &'static str) -> Self {
        Self { name, title, began: Instant::now() }
    }

    pub(crate) fn pass(self, detail: impl Into<String>) -> DoctorCheck {
        self.end(CheckResult::Pass, detail.into(), None)
    }

    pub(crate) fn warn(self, detail: impl Into<String>, remedy: impl Into<String>) -> DoctorCheck {
        self.end(CheckResult::Warn, detail.into(), Some(remedy.into()))
    }

    pub(crate) fn fail(self, detail: impl Into<String>, remedy: impl Into<String>) -> DoctorCheck {
        self.end(CheckResult::Fail, detail.into(), Some(remedy.into()))
    }

    fn end(self, result: CheckResult, detail: String, remedy: Option<String>) -> DoctorCheck {
        DoctorCheck {
            name: self.name.into(),
            title: self.title.into(),
            result,
            detail,
            remedy,
            millis: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// The configuration and the files it names. That it reads has been seen before.
pub(crate) fn configuration(loaded: &Loaded) -> DoctorCheck {
    let check = Check::begin("configuration", "Configuration");
    let (problems, warnings) = commands::config::files_named(loaded);
    match (problems.first(), warnings.first()) {
        (Some(problem), _) => {
            check.fail(format!("{}: {}", problem.key, problem.what), problem.remedy.clone())
        }
        (None, Some(warning)) => {
            check.warn(format!("{}: {}", warning.key, warning.what), warning.remedy.clone())
        }
        (None, None) => {
            let files: Vec<_> = loaded.files.iter().map(|path| path.display().to_string()).collect();
            check.pass(if files.is_empty() { "no file, the defaults".into() } else { files.join(", ") })
        }
    }
}

/// How much space is left for a folder.
pub(crate) fn space(name: &'static str, title: &'static str, folder: &Path) -> DoctorCheck {
    let check = Check::begin(name, title);
    let shown = folder.display();
    match disk::space(folder) {
        Ok(Space::Enough(free)) => check.pass(format!("{} free at {shown}", disk::size(free))),
        Ok(Space::Low(free)) => check.warn(
            format!("only {} free at {shown}", disk::size(free)),
            "Free some space, or move the folder.",
        ),
        Ok(Space::TooLittle(free)) => check.fail(
            format!("only {} free at {shown}", disk::size(free)),
            "Free some space: writes will fail soon; what is written stays whole.",
        ),
        Err(error) => {
            check.fail(format!("{shown} cannot be looked at ({error})"), "Check the path and its rights.")
        }
    }
}

async fn database(store: &dyn TenantStore, place: &str) -> DoctorCheck {
    let check = Check::begin("server.database", "The tenant's database");
    let began = Instant::now();
    match store.counts().await {
        Err(error @ StoreError::Unavailable { .. }) => {
            check.fail(format!("{place}: {error}"), "Start PostgreSQL, and check the network between.")
        }
        Err(error) => check.fail(
            format!("{place}: {error}"),
            "See the server's log; check the disk and the folder's rights.",
        ),
        Ok(counts) => {
            let took = SignedDuration::try_from(began.elapsed()).unwrap_or(SignedDuration::MAX);
            let detail = format!(
                "{} users, {} groups, answered in {} ms by {place}",
                counts.users,
                counts.groups,
                took.as_millis()
            );
            if took > SLOW {
                check.warn(detail, "The disk or the machine is busy; look at its load.")
            } else {
                check.pass(detail)
            }
        }
    }
}

/// Whether the replicas that lists are to be read from are read from; nothing where there are none.
fn replicas(store: &dyn TenantStore) -> Option<DoctorCheck> {
    let check = Check::begin("server.replicas", "Replicas of the database");
    let all = store.replicas();
    if all.is_empty() {
        return None;
    }
    let said: Vec<String> = all
        .iter()
        .map(|one| {
            let state = match one.state {
                ReplicaState::Usable => "read from",
                ReplicaState::Behind => "BEHIND",
                ReplicaState::Away => "AWAY",
                ReplicaState::Stranger => "NO REPLICA of this database",
            };
            format!("{} is {state}: {} reads, {} passed over", one.name, one.reads, one.passed_over)
        })
        .collect();
    Some(if all.iter().all(|one| one.state == ReplicaState::Usable) {
        check.pass(said.join("; "))
    } else {
        check.warn(
            said.join("; "),
            "The primary answers in their place. Start the replica, see pg_stat_replication on the primary, or correct \
             [server.database] read_urls.",
        )
    })
}

/// Nothing that was written can lie in the future: if it does, the clock went back.
async fn clock(store: &dyn TenantStore) -> DoctorCheck {
    let check = Check::begin("server.clock", "The server's clock");
    let now = SystemClock.now();
    match store.clients().await {
        Err(error) => check.fail(error.to_string(), "See the server's log."),
        Ok(clients) => {
            let newest = clients.iter().filter_map(|client| client.last_contact).max();
            match newest.map(|newest| newest.duration_since(now)) {
                Some(ahead) if ahead > SignedDuration::from_secs(5) => check.fail(
                    format!(
                        "it is {now:.0}, but a sync client was heard {} s later than that",
                        ahead.as_secs()
                    ),
                    "The clock was set back. Set it by NTP (`timedatectl set-ntp true`).",
                ),
                _ => check.pass(format!("{now:.0}")),
            }
        }
    }
}
