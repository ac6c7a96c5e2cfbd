//! Which of the processes that use a database leads: the one that holds an advisory lock, on a connection of its own.
//!
//! **Invariant:** who cannot ask PostgreSQL does not lead. The lock is the connection's: with the process, or the network
//! between, it goes, and another takes it.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, Error, Socket};

/// Who leads.
const LEADERS: i32 = 0x4c53_4c01;
/// Time between two looks at the lock.
const LOOK: Duration = Duration::from_secs(2);
/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(5);
/// How soon PostgreSQL sees that a machine is gone, which said nothing: 10 + 3 * 5 seconds.
const NOTICE: &str =
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3";

/// Takes part from the first question on: a command that opens the database for a moment never does.
pub(super) struct Election {
    begin: Box<dyn Fn(Arc<AtomicBool>) -> AbortHandle + Send + Sync>,
    leads: Arc<AtomicBool>,
    task: OnceLock<AbortHandle>,
}

impl Drop for Election {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

impl Election {
    pub(super) fn new<T>(config: Config, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let begin = move |leads| tokio::spawn(stand(config.clone(), tls.clone(), leads)).abort_handle();
        Self { begin: Box::new(begin), leads: Arc::default(), task: OnceLock::new() }
    }

    /// Whether this process leads, as far as it knows.
    pub(super) fn leads(&self) -> bool {
        self.task.get_or_init(|| (self.begin)(self.leads.clone()));
        self.leads.load(Ordering::Relaxed)
    }
}

async fn stand<T>(config: Config, tls: T, leads: Arc<AtomicBool>)
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    loop {
        if let Ok((client, connection)) = config.connect(tls.clone()).await {
            // Ends with the client, which is dropped below.
            let driver = tokio::spawn(connection);
            let ended = lead(&client, &leads).await;
            if leads.swap(false, Ordering::Relaxed) {
                tracing::info!("another server may lead now: the connection by which this one led is lost");
            }
            if let Err(error) = ended {
                tracing::debug!(%error, "the lock of the leader cannot be asked for; tried again");
            }
            drop(client);
            driver.abort();
        }
        sleep(LOOK).await;
    }
}

async fn lead(client: &Client, leads: &AtomicBool) -> Result<(), Error> {
    client.batch_execute(NOTICE).await?;
    let take = format!("SELECT pg_try_advisory_lock({LEADERS}, 0)");
    loop {
        let sql = if leads.load(Ordering::Relaxed) { "SELECT true" } else { take.as_str() };
        let Ok(answer) = timeout(PATIENCE, client.query_one(sql, &[])).await else { return Ok(()) };
        if answer?.try_get(0)? && !leads.swap(true, Ordering::Relaxed) {
            tracing::info!("this server leads: it says what is to be done by the hour");
        }
        sleep(LOOK).await;
    }
}
