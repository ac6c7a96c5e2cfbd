//! The writer thread. It takes what waits in the queue into one transaction, so that many small writes share
//! one flush to the disk, and answers each after the commit.

use super::{QUEUE, SqliteError, is_disk_full, spawn_thread};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Jobs that may share a transaction.
const MAX_GROUP: usize = 64;
/// How long jobs are gathered into one transaction while more wait. Whoever else writes waits as long.
///
/// In a first load each commit writes most pages of the indexes again, so that a commit for thirty batches costs
/// little more than one for ten.
const MAX_GROUP_TIME: Duration = Duration::from_millis(3_000);
/// Transactions after which the size of the log is looked at anew.
const FIT_AFTER: u32 = 16;
/// How much larger than at first the log may become.
const MOST_GROWTH: u32 = 16;

/// Told how the transaction ended.
type Answer = Box<dyn FnOnce(Result<(), SqliteError>) + Send>;
type Work = Box<dyn FnOnce(Result<&Connection, SqliteError>) -> (bool, Answer) + Send>;

/// How a job that fails is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undo {
    /// By a savepoint of its own: the others of the transaction stay. SQLite keeps a copy of each page that the job
    /// changes.
    Alone,
    /// With the whole transaction. For large jobs that are as good as never undone after they have written something.
    Together,
}

/// One write: does its work and hands back whether it was good and its answer, to be given after the commit.
pub(super) struct Job {
    work: Work,
    undo: Undo,
}

/// A job of a closure and of what to do with its result.
pub(super) fn job<T, F, A>(undo: Undo, work: F, answer: A) -> Job
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T, SqliteError> + Send + 'static,
    A: FnOnce(Result<T, SqliteError>) + Send + 'static,
{
    let work: Work = Box::new(move |connection| {
        let result = connection.and_then(work);
        let good = result.is_ok();
        let answer: Answer = Box::new(move |commit| {
            // The job's own error says more than that of the commit.
            answer(result.and_then(|value| commit.map(|()| value)));
        });
        (good, answer)
    });
    Job { work, undo }
}

/// Starts the thread.
pub(super) fn spawn(
    connection: Connection,
    path: Arc<Path>,
    checkpoint_pages: u32,
) -> Result<mpsc::Sender<Job>, SqliteError> {
    let (sender, mut receiver) = mpsc::channel::<Job>(QUEUE);
    let name = path.clone();
    spawn_thread("db-write".to_owned(), &name, move || {
        let mut groups = 0_u32;
        let mut alone = 0_usize;
        while let Some(first) = receiver.blocking_recv() {
            if groups.is_multiple_of(FIT_AFTER) {
                fit_log(&connection, checkpoint_pages);
            }
            run_group(&connection, first, &mut receiver, &path, &mut alone);
            groups = groups.wrapping_add(1);
        }
        // Leave one file behind, not three; if it cannot be done now, the next opening does it.
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    })?;
    Ok(sender)
}

/// Lets the log of a large database become larger before it is folded in: the pages of indexes whose keys come in no
/// order are in it many times, and are then written once.
fn fit_log(connection: &Connection, least: u32) {
    let pages = connection.query_row("PRAGMA page_count", [], |row| row.get::<_, u32>(0));
    let pages = pages.unwrap_or(0) / 2;
    let _ = connection.pragma_update(
        None,
        "wal_autocheckpoint",
        pages.clamp(least, least.saturating_mul(MOST_GROWTH)),
    );
}

/// `alone`: how many of the next jobs are undone alone whatever they ask for, because one took others with it.
fn run_group(
    connection: &Connection,
    first: Job,
    more: &mut mpsc::Receiver<Job>,
    path: &Path,
    alone: &mut usize,
) {
    let began = Instant::now();
    if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE") {
        (first.work)(Err(failure(&error, path))).1(Ok(()));
        return;
    }
    let mut answers: Vec<Answer> = Vec::new();
    let mut next = Some(first);
    while let Some(mut job) = next {
        if *alone > 0 {
            *alone -= 1;
            job.undo = Undo::Alone;
        }
        let (answer, others_stay) = run_one(connection, job, answers.is_empty(), path);
        if !others_stay {
            *alone = MAX_GROUP;
            answers.drain(..).for_each(|answer| answer(Err(SqliteError::Undone { path: path.to_owned() })));
        }
        answers.push(answer);
        if connection.is_autocommit() {
            // SQLite itself rolled the whole transaction back (disk full, I/O error): nothing of the group
            // is written. The job that met it says why, the others learn it here.
            for answer in answers {
                answer(Err(SqliteError::DiskFull { path: path.to_owned() }));
            }
            return;
        }
        next = (answers.len() < MAX_GROUP && began.elapsed() < MAX_GROUP_TIME)
            .then(|| more.try_recv().ok())
            .flatten();
    }
    match connection.execute_batch("COMMIT") {
        Ok(()) => answers.into_iter().for_each(|answer| answer(Ok(()))),
        Err(error) => {
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
            tracing::error!(%error, "a transaction was not committed; its callers were told");
            answers.into_iter().for_each(|answer| answer(Err(failure(&error, path))));
        }
    }
}

/// Runs one job; one that fails leaves no trace. Answers also whether what was done before it in the transaction
/// stays.
///
/// The first of a transaction has nothing before it that must stay: where it fails, the transaction begins anew.
fn run_one(connection: &Connection, job: Job, is_first: bool, path: &Path) -> (Answer, bool) {
    let savepoint = !is_first && job.undo == Undo::Alone;
    let begin = if savepoint { connection.execute_batch("SAVEPOINT job") } else { Ok(()) };
    if let Err(error) = begin {
        return ((job.work)(Err(failure(&error, path))).1, true);
    }
    let changes = connection.total_changes();
    let (good, answer) = (job.work)(Ok(connection));
    if connection.is_autocommit() {
        return (answer, true);
    }
    let nothing_written = job.undo == Undo::Together && connection.total_changes() == changes;
    let (end, others_stay) = match (good, savepoint) {
        (true, true) => ("RELEASE job", true),
        (false, true) => ("ROLLBACK TO job; RELEASE job", true),
        (true, false) => return (answer, true),
        (false, false) if nothing_written => return (answer, true),
        (false, false) => ("ROLLBACK; BEGIN IMMEDIATE", is_first),
    };
    match connection.execute_batch(end) {
        Ok(()) => (answer, others_stay),
        Err(error) => {
            let error = failure(&error, path);
            (Box::new(move |_| answer(Err(error))), others_stay)
        }
    }
}

/// An error that many callers may be told (a driver's error cannot be cloned).
fn failure(error: &rusqlite::Error, path: &Path) -> SqliteError {
    if is_disk_full(error) {
        SqliteError::DiskFull { path: path.to_owned() }
    } else {
        SqliteError::Refused(format!("{}: the transaction failed: {error}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Database, Options, SqliteError};

    fn open(folder: &std::path::Path) -> Database {
        Database::open(&folder.join("t.db"), &Options::default(), |connection| {
            connection.execute_batch("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY) STRICT").unwrap();
            Ok(())
        })
        .unwrap()
    }

    async fn count(db: &Database) -> i64 {
        db.read("counting", |c| Ok(c.query_row("SELECT count(*) FROM t", [], |r| r.get(0))?)).await.unwrap()
    }

    fn insert(n: i64) -> impl FnOnce(&rusqlite::Connection) -> Result<(), SqliteError> + Send + 'static {
        move |c| {
            c.execute("INSERT INTO t VALUES (?1)", [n])?;
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_job_that_fails_leaves_no_trace_and_the_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path());
        let (good, bad, twice) = tokio::join!(
            db.write("one", insert(1)),
            db.write("two", |c| {
                c.execute("INSERT INTO t VALUES (2)", [])?;
                Err::<(), _>(SqliteError::Refused("no".into()))
            }),
            db.write("three", |c| {
                c.execute("INSERT INTO t VALUES (3)", [])?;
                c.execute("INSERT INTO t VALUES (3)", [])?;
                Ok(())
            }),
        );
        good.unwrap();
        assert!(matches!(bad, Err(SqliteError::Refused(_))));
        assert_eq!(twice.unwrap_err().to_string(), "three failed");
        assert_eq!(count(&db).await, 1);
    }

    /// As many callers at once as share one transaction: the first holds the writer until the others wait.
    #[tokio::test]
    async fn a_batch_that_fails_after_it_wrote_undoes_the_others_of_its_transaction_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path());
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let batch = |n: i64| db.write_batch("a batch", insert(n));
        let first = db.write_batch("the first", move |c| {
            wait.recv().unwrap();
            c.execute("INSERT INTO t VALUES (1)", [])?;
            Ok(())
        });
        let refused = db.write_batch("refused", |_| Err::<(), _>(SqliteError::Refused("no".into())));
        let broken = db.write_batch("broken", |c| {
            c.execute("INSERT INTO t VALUES (4)", [])?;
            c.execute("INSERT INTO t VALUES (4)", [])?;
            Ok(())
        });
        let release = async {
            tokio::task::yield_now().await;
            go.send(()).unwrap();
        };
        let (first, second, refused, broken, after, ()) =
            tokio::join!(first, batch(2), refused, broken, batch(5), release);
        assert!(matches!(first, Err(SqliteError::Undone { .. })), "{first:?}");
        assert!(matches!(second, Err(SqliteError::Undone { .. })), "{second:?}");
        assert!(matches!(refused, Err(SqliteError::Refused(_))), "{refused:?}");
        assert_eq!(broken.unwrap_err().to_string(), "broken failed");
        after.unwrap();
        assert_eq!(count(&db).await, 1, "only what came after the broken one is there");
        // The next ones are undone alone, so that one that is sent again and again starves nobody.
        let broken = db.write_batch("broken", |c| {
            c.execute("INSERT INTO t VALUES (4)", [])?;
            c.execute("INSERT INTO t VALUES (4)", [])?;
            Ok(())
        });
        let (first, broken, second) = tokio::join!(batch(1), broken, batch(2));
        first.unwrap();
        assert!(broken.is_err());
        second.unwrap();
        assert_eq!(count(&db).await, 3);
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_survived() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path());
        db.write("limit", |c| Ok(c.pragma_update(None, "max_page_count", 4)?)).await.unwrap();
        let full = db
            .write("fill", |c| {
                for n in 0..10_000 {
                    c.execute("INSERT INTO t VALUES (?1)", [n])?;
                }
                Ok(())
            })
            .await;
        assert!(matches!(full, Err(SqliteError::DiskFull { .. })), "{full:?}");
        db.write("limit", |c| Ok(c.pragma_update(None, "max_page_count", 100_000)?)).await.unwrap();
        db.write("again", insert(1)).await.unwrap();
        assert_eq!(count(&db).await, 1);
    }

    #[tokio::test]
    async fn many_writers_and_readers_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path());
        let tasks: Vec<_> = (0..500)
            .map(|n| {
                let db = db.clone();
                tokio::spawn(async move { db.write("insert", insert(n)).await.map(|()| n) })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
            assert!(count(&db).await > 0);
        }
        assert_eq!(count(&db).await, 500);
    }
}
