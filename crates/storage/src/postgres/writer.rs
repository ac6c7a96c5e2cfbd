//! The writer of a process: it takes what waits in the queue into one transaction, so that many small writes share one
//! lock and one flush to the disk, and answers each after the commit. Other processes wait for the tenant's lock.

use super::listen::Voice;
use super::session::{Ended, Fate, Mark};
use super::{Session, Tenant, fault, pool_fault};
use crate::sql::{Connection, Fault, Result};
use deadpool_postgres::Pool;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc};
use tokio_postgres::error::SqlState;

/// Jobs that may wait; beyond that, callers wait.
const QUEUE: usize = 256;
/// Jobs that may share a transaction.
const MAX_GROUP: usize = 64;
/// How long jobs are gathered into one transaction while more wait. Other processes wait as long.
const MAX_GROUP_TIME: Duration = Duration::from_millis(300);

/// How long one tries to learn what became of a transaction whose end was not heard. Callers wait as long.
const RESOLVE: Duration = Duration::from_secs(30);
/// After this the server has not heard that the connection broke, and is told.
const UNHEARD: Duration = Duration::from_secs(1);
/// How long one waits between two tries where the database is away.
const AWAY: Duration = Duration::from_millis(250);
/// The same where it is at work on the transaction.
const AT_WORK: Duration = Duration::from_millis(20);

/// Rows after which the planner is told how large the tables have become; then each time that they have doubled.
const ANALYZE_FROM: usize = 2_000;
/// Of a hundred, PostgreSQL's own: how closely it looks.
const TARGET: u32 = 10;
/// The tables that grow, with the columns that are looked up or ordered by: to compare thousands of JSON documents with each
/// other takes longer than to write them, and says nothing that the planner asks for.
const GROWING: &str = "object (tenant_id, oid, id, kind, state, anchor, sync_enabled, deleted_at, manager, manager_oid, \
     name_key, errors, external_id), body (tenant_id, oid), claim, word, member, nested, waiting, \
     error (tenant_id, eid, anchor, origin, code, other, last_seen), history (tenant_id, hid, oid), \
     history_batch (tenant_id, first, last, at, run)";

/// Told how the transaction ended.
type Answer = Box<dyn FnOnce(Result<()>) + Send>;
type Work = Box<dyn FnOnce(Result<&Session>) -> (bool, Answer) + Send>;

/// One write: does its work and hands back whether it was good and its answer, to be given after the commit.
pub(super) struct Job(Work);

/// A job of a closure and of what to do with its result.
pub(super) fn job<T, F, A>(work: F, answer: A) -> Job
where
    T: Send + 'static,
    F: FnOnce(Connection<'_>) -> Result<T> + Send + 'static,
    A: FnOnce(Result<T>) + Send + 'static,
{
    Job(Box::new(move |session| {
        let result = session.and_then(|session| {
            let value = work(Connection::Postgres(session))?;
            session.flush().map(|()| value)
        });
        let good = result.is_ok();
        let answer: Answer = Box::new(move |commit| {
            // The job's own error says more than that of the commit.
            answer(result.and_then(|value| commit.map(|()| value)));
        });
        (good, answer)
    }))
}

/// Starts the thread. `told` is how this process's own pages hear of a write whose end was not heard.
pub(super) fn spawn(
    pool: Pool,
    voice: Voice,
    told: Arc<Notify>,
    handle: Handle,
) -> std::io::Result<mpsc::Sender<Job>> {
    let (sender, mut receiver) = mpsc::channel::<Job>(QUEUE);
    std::thread::Builder::new().name("pg-write".to_owned()).spawn(move || {
        let (mut written, mut analyze_at) = (0, ANALYZE_FROM);
        while let Some(first) = receiver.blocking_recv() {
            written += run_group(&pool, voice, &told, &handle, first, &mut receiver);
            if written >= analyze_at {
                analyze(&pool, &handle);
                analyze_at = written.saturating_mul(2);
            }
        }
    })?;
    Ok(sender)
}

/// A transaction; once more where a connection of the pool turned out to be broken: nothing was done yet. Not where the
/// tenant's lock was waited for in vain: the connection is one of few, which other tenants wait for.
fn begin(pool: &Pool, voice: Voice, handle: &Handle) -> Result<Session> {
    let connect = || handle.block_on(pool.get()).map_err(pool_fault);
    let begin = |connection| Session::begin_writing(connection, handle.clone(), voice.tenant);
    match begin(connect()?) {
        Err(Fault::Lost(why)) if !is_lock_wait(why.as_ref()) => begin(connect()?),
        result => result,
    }
}

fn is_lock_wait(why: &(dyn std::error::Error + 'static)) -> bool {
    let error = why.downcast_ref::<tokio_postgres::Error>();
    error.is_some_and(|error| error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE))
}

/// Takes statistics of tables that a load has filled. PostgreSQL does it by itself, but a minute later: until then it
/// thinks them nearly empty, and a list may take minutes.
fn analyze(pool: &Pool, handle: &Handle) {
    let run = async {
        let connection = pool.get().await.map_err(pool_fault)?;
        // One transaction, so that the target ends with it. What is taken here is rough and taken often.
        let sql = format!("SET LOCAL default_statistics_target = {TARGET}; ANALYZE (SKIP_LOCKED) {GROWING}");
        connection.batch_execute(&sql).await.map_err(fault)
    };
    if let Err(error) = handle.block_on(run) {
        tracing::debug!(error = %chain(&error), "no statistics were taken; PostgreSQL takes them later by itself");
    }
}

/// Answers about how many rows were written.
fn run_group(
    pool: &Pool,
    voice: Voice,
    told: &Notify,
    handle: &Handle,
    first: Job,
    more: &mut mpsc::Receiver<Job>,
) -> usize {
    let began = Instant::now();
    let session = match begin(pool, voice, handle) {
        Ok(session) => session,
        Err(fault) => {
            // Those behind it would wait as long for the same.
            let (why, closed) = (chain(&fault), matches!(fault, Fault::Closed));
            (first.0)(Err(fault)).1(Ok(()));
            for _ in 0..MAX_GROUP {
                let Ok(job) = more.try_recv() else { break };
                let fault = if closed { Fault::Closed } else { Fault::Lost(why.clone().into()) };
                (job.0)(Err(fault)).1(Ok(()));
            }
            return 0;
        }
    };
    let mut answers: Vec<Answer> = Vec::new();
    let mut next = Some(first);
    let mut state: Result<()> = Ok(());
    while let Some(job) = next {
        let (answer, after) = run_one(&session, job, voice.tenant, answers.is_empty());
        answers.push(answer);
        state = after;
        next = (state.is_ok() && answers.len() < MAX_GROUP && began.elapsed() < MAX_GROUP_TIME)
            .then(|| more.try_recv().ok())
            .flatten();
    }
    let written = session.written();
    let failed = match session.end_saying(state, voice) {
        Ended::Committed => None,
        Ended::Undone(Fault::Lost(why)) => {
            let why = format!("nothing was written: {}", chain(why.as_ref()));
            tracing::error!(error = %why, "the connection broke before a transaction was committed");
            Some((why, true))
        }
        Ended::Undone(fault) => {
            let why = chain(&fault);
            tracing::error!(error = %why, "a transaction was not committed; its callers were told");
            Some((why, false))
        }
        Ended::Unheard(mark, why) => {
            let why = chain(why.as_ref());
            let fate = resolve(pool, handle, &mark);
            // Whoever waits for an answer may have gone: open pages look for themselves.
            told.notify_one();
            match fate {
                Fate::Committed => {
                    tracing::warn!(error = %why, "the connection broke at a commit, which had been made");
                    None
                }
                Fate::Aborted => {
                    tracing::error!(error = %why, "the connection broke at a commit, which was not made");
                    Some((format!("nothing was written: {why}"), true))
                }
                Fate::InProgress | Fate::Forgotten => {
                    tracing::error!(error = %why, "the connection broke at a commit: whether it was made is not known");
                    Some((format!("it may have been written; look before it is sent again: {why}"), true))
                }
            }
        }
    };
    for answer in answers {
        answer(match &failed {
            None => Ok(()),
            Some((why, true)) => Err(Fault::Lost(why.clone().into())),
            Some((why, false)) => Err(Fault::Shared { why: why.clone() }),
        });
    }
    written
}

/// What became of a transaction, asked until the database says so.
fn resolve(pool: &Pool, handle: &Handle, mark: &Mark) -> Fate {
    let began = Instant::now();
    loop {
        let ask = async {
            let connection = pool.get().await.map_err(pool_fault)?;
            let fate = mark.fate(&connection).await?;
            if fate == Fate::InProgress && began.elapsed() > UNHEARD {
                mark.end(&connection).await?;
            }
            Ok(fate)
        };
        let pause = match handle.block_on(ask) {
            Ok(Fate::InProgress) => AT_WORK,
            Ok(fate) => return fate,
            // Of a number that was never given it says so: the transaction is on another history.
            Err(Fault::Postgres(_)) => return Fate::Forgotten,
            Err(_) => AWAY,
        };
        if began.elapsed() > RESOLVE {
            return Fate::InProgress;
        }
        std::thread::sleep(pause);
    }
}

/// Runs one job; one that fails leaves no trace. Also answers whether the transaction can go on.
fn run_one(session: &Session, job: Job, tenant: Tenant, is_first: bool) -> (Answer, Result<()>) {
    let begin = if is_first { Ok(()) } else { session.script("SAVEPOINT job") };
    if let Err(error) = begin {
        let why = chain(&error);
        return ((job.0)(Err(error)).1, Err(Fault::Lost(why.into())));
    }
    let (good, answer) = (job.0)(Ok(session));
    let end = match (good, is_first) {
        (true, true) => return (answer, Ok(())),
        (true, false) => session.script("RELEASE SAVEPOINT job"),
        (false, false) => {
            session.forget();
            session.script("ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job")
        }
        (false, true) => {
            // There is nothing before it that must stay.
            session.forget();
            session.script("ROLLBACK").and_then(|()| session.begin_again(tenant))
        }
    };
    (answer, end)
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_with_their_causes() {
        let error = fault_of("no route");
        assert_eq!(chain(&error), "PostgreSQL cannot be reached: no route");
    }

    fn fault_of(text: &str) -> Fault {
        Fault::Lost(text.to_owned().into())
    }
}
