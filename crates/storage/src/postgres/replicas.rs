//! Replicas that lists are read from: streaming replicas of the database.
//!
//! A read sees at least what was committed when it began, as on the primary: the primary says how far it is, and the replica
//! is read once it has got there. One that does not within [`PATIENCE`] is passed over, and the primary answers.
//!
//! **Invariant:** what a replica cannot do, the primary does; no answer is older than one of the primary would be.

use super::{PostgresError, fault, name_of, pool_fault};
use crate::sql::{Fault, Result};
use deadpool_postgres::{Object, Pool};
use lockstep_tenant::upkeep::{Replica as Told, ReplicaState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::Config;

/// How long a read waits for a replica to get as far as the primary is.
const PATIENCE: Duration = Duration::from_millis(100);
/// The first pause between two looks; each is twice as long as the one before.
const STEP: Duration = Duration::from_millis(1);
/// Time between two looks at each replica.
const LOOK: Duration = Duration::from_secs(1);
/// How long connecting to one may take.
const CONNECT: Duration = Duration::from_secs(2);
/// Bytes of the log that one may be behind.
const MOST_BEHIND: i64 = 16 * 1024 * 1024;

/// How far the primary is, on the disk: all that was answered as written is before it.
const WHERE: &str = "SELECT pg_current_wal_flush_lsn()::text";
/// Whether it is a replica, and by how many bytes it is behind.
const BEHIND: &str =
    "SELECT pg_is_in_recovery(), pg_wal_lsn_diff($1::text::pg_lsn, pg_last_wal_replay_lsn())::bigint";
/// Which database it is, whoever has a copy of it.
const WHICH: &str = "SELECT system_identifier FROM pg_control_system()";

const USABLE: u8 = 0;
const BEHIND_NOW: u8 = 1;
const AWAY: u8 = 2;
const STRANGER: u8 = 3;

struct Replica {
    name: String,
    pool: Pool,
    state: AtomicU8,
    reads: AtomicU64,
    passed_over: AtomicU64,
}

impl Replica {
    fn become_state(&self, state: u8) {
        let before = self.state.swap(state, Ordering::Relaxed);
        let name = self.name.as_str();
        match (before, state) {
            (before, now) if before == now => {}
            (AWAY | STRANGER, USABLE) => tracing::info!(replica = name, "lists are read from the replica"),
            (_, AWAY) => tracing::warn!(replica = name, "the replica cannot be reached; the primary answers"),
            (_, STRANGER) => tracing::warn!(
                replica = name,
                "this is no streaming replica of the database; correct [server.database] read_urls"
            ),
            _ => tracing::debug!(replica = name, state, "how far the replica is has changed"),
        }
    }
}

/// The replicas of a database.
pub(super) struct Replicas {
    all: Arc<Vec<Replica>>,
    next: AtomicUsize,
    task: AbortHandle,
}

impl Drop for Replicas {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Replicas {
    /// Of these addresses, each with its pool; `primary` is asked how far it is.
    pub(super) fn start(
        configs: Vec<Config>,
        primary: Pool,
        pool_of: impl Fn(&Config) -> std::result::Result<Pool, PostgresError>,
    ) -> std::result::Result<Self, PostgresError> {
        let mut all = Vec::with_capacity(configs.len());
        for mut config in configs {
            config.connect_timeout(CONNECT);
            all.push(Replica {
                name: name_of(&config),
                pool: pool_of(&config)?,
                // Until it was looked at.
                state: AtomicU8::new(AWAY),
                reads: AtomicU64::new(0),
                passed_over: AtomicU64::new(0),
            });
        }
        let all = Arc::new(all);
        let task = tokio::spawn(watch(all.clone(), primary)).abort_handle();
        Ok(Self { all, next: AtomicUsize::new(0), task })
    }

    /// How each is.
    pub(super) fn told(&self) -> Vec<Told> {
        let told = |replica: &Replica| Told {
            name: replica.name.clone(),
            state: match replica.state.load(Ordering::Relaxed) {
                USABLE => ReplicaState::Usable,
                BEHIND_NOW => ReplicaState::Behind,
                STRANGER => ReplicaState::Stranger,
                _ => ReplicaState::Away,
            },
            reads: replica.reads.load(Ordering::Relaxed),
            passed_over: replica.passed_over.load(Ordering::Relaxed),
        };
        self.all.iter().map(told).collect()
    }

    /// Reads from one that is far enough; none where the primary is to answer.
    pub(super) async fn read<T, F>(&self, primary: &Pool, read: impl FnOnce(Object) -> F) -> Option<Result<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let usable: Vec<&Replica> =
            self.all.iter().filter(|one| one.state.load(Ordering::Relaxed) == USABLE).collect();
        let turn = self.next.fetch_add(1, Ordering::Relaxed).checked_rem(usable.len())?;
        let replica = *usable.get(turn)?;
        // Where the primary does not answer, it is the primary's to say so.
        let upto = position(primary).await.ok()?;
        let answer = match caught_up(replica, &upto).await {
            Ok(Some(connection)) => read(connection).await,
            Ok(None) => {
                replica.become_state(BEHIND_NOW);
                replica.passed_over.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            Err(fault) => Err(fault),
        };
        match answer {
            Err(fault @ (Fault::Lost(_) | Fault::Postgres(_))) => {
                // It went, or took back a row version that the read needed.
                tracing::debug!(error = %fault, "a replica did not answer; the primary is asked");
                if matches!(fault, Fault::Lost(_)) {
                    replica.become_state(AWAY);
                }
                replica.passed_over.fetch_add(1, Ordering::Relaxed);
                None
            }
            answer => {
                replica.reads.fetch_add(1, Ordering::Relaxed);
                Some(answer)
            }
        }
    }
}

async fn position(primary: &Pool) -> Result<String> {
    let connection = primary.get().await.map_err(pool_fault)?;
    let statement = connection.prepare_cached(WHERE).await.map_err(fault)?;
    let row = connection.query_one(&statement, &[]).await.map_err(fault)?;
    row.try_get(0).map_err(fault)
}

/// By how many bytes one is behind; none where it is no replica, or not any more.
async fn behind(connection: &Object, upto: &str) -> Result<Option<i64>> {
    let statement = connection.prepare_cached(BEHIND).await.map_err(fault)?;
    let row = connection.query_one(&statement, &[&upto]).await.map_err(fault)?;
    let follows: bool = row.try_get(0).map_err(fault)?;
    let behind: Option<i64> = row.try_get(1).map_err(fault)?;
    Ok(behind.filter(|_| follows))
}

/// A connection to a replica that is as far as that; none where it does not get there in time.
async fn caught_up(replica: &Replica, upto: &str) -> Result<Option<Object>> {
    let began = Instant::now();
    let Ok(connection) = timeout(PATIENCE, replica.pool.get()).await else { return Ok(None) };
    let connection = connection.map_err(pool_fault)?;
    let mut pause = STEP;
    loop {
        match behind(&connection, upto).await? {
            Some(..=0) => return Ok(Some(connection)),
            Some(_) if began.elapsed() + pause < PATIENCE => {}
            _ => return Ok(None),
        }
        sleep(pause).await;
        pause *= 2;
    }
}

/// Looks at each replica, again and again.
async fn watch(all: Arc<Vec<Replica>>, primary: Pool) {
    loop {
        if let Ok(upto) = position(&primary).await {
            for replica in all.iter() {
                let state = match timeout(CONNECT, look(replica, &primary, &upto)).await {
                    Ok(Ok(state)) => state,
                    Ok(Err(_)) | Err(_) => AWAY,
                };
                replica.become_state(state);
            }
        }
        sleep(LOOK).await;
    }
}

async fn look(replica: &Replica, primary: &Pool, upto: &str) -> Result<u8> {
    let connection = replica.pool.get().await.map_err(pool_fault)?;
    let Some(behind) = behind(&connection, upto).await? else { return Ok(STRANGER) };
    if matches!(replica.state.load(Ordering::Relaxed), AWAY | STRANGER) {
        let primary = primary.get().await.map_err(pool_fault)?;
        let which = async |connection: &Object| -> Result<i64> {
            connection.query_one(WHICH, &[]).await.map_err(fault)?.try_get(0).map_err(fault)
        };
        if which(&connection).await? != which(&primary).await? {
            return Ok(STRANGER);
        }
    }
    Ok(if behind <= MOST_BEHIND { USABLE } else { BEHIND_NOW })
}
