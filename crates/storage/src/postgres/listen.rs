//! What other processes wrote, heard from the database: each transaction that writes says so when it commits.
//!
//! **Invariant:** nothing is told but that something changed; a process that was not connected for a while takes it that
//! something did.

use super::Tenant;
use futures_util::{Stream, StreamExt, stream};
use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, Config, Socket};
use uuid::Uuid;

/// How long one waits before the next try.
const AGAIN: Duration = Duration::from_secs(3);

/// Who says it, and of which tenant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voice {
    pub(super) tenant: Tenant,
    /// This process's use of the database.
    pub(super) own: Uuid,
}

impl Voice {
    /// Says, with the commit, that something was written.
    pub(super) fn statement(self) -> String {
        format!("NOTIFY lockstep, '{} {}'", self.tenant.0, self.own)
    }
}

/// Who of this process is told what others wrote, by tenant.
#[derive(Debug)]
pub(super) struct Ears {
    /// This process's use of the database.
    pub(super) own: Uuid,
    tenants: Mutex<HashMap<i32, Weak<Notify>>>,
}

impl Ears {
    /// Those of a process of its own.
    fn new() -> Self {
        let own = lockstep_model::RunId::generate(lockstep_model::Timestamp::UNIX_EPOCH).0;
        Self { own, tenants: Mutex::default() }
    }

    /// What is told when another wrote to a tenant.
    pub(super) fn of(&self, tenant: Tenant) -> Arc<Notify> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = tenants.get(&tenant.0).and_then(Weak::upgrade) {
            return told;
        }
        tenants.retain(|_, told| told.strong_count() > 0);
        let told = Arc::new(Notify::new());
        tenants.insert(tenant.0, Arc::downgrade(&told));
        told
    }

    /// Tells of what was said: "tenant process".
    fn hear(&self, said: &str) {
        let Some((tenant, own)) = said.split_once(' ') else { return };
        if own == self.own.to_string() {
            return;
        }
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let told = tenant.parse().ok().and_then(|tenant: i32| tenants.get(&tenant)).and_then(Weak::upgrade);
        if let Some(told) = told {
            told.notify_one();
        }
    }

    /// What was said was not heard.
    fn missed(&self) {
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.values().filter_map(Weak::upgrade).for_each(|told| told.notify_one());
    }
}

/// Listens until it is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) ears: Arc<Ears>,
    task: AbortHandle,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    /// Listens on a connection of its own, for all tenants, and connects anew where that breaks.
    pub(super) fn start<T>(config: Config, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let ears = Arc::new(Ears::new());
        let heard = ears.clone();
        let task = tokio::spawn(async move {
            loop {
                let ended = match config.connect(tls.clone()).await {
                    Ok((client, mut connection)) => {
                        let messages = stream::poll_fn(move |cx| connection.poll_message(cx));
                        hear(&client, messages, &heard).await
                    }
                    Err(error) => Err(error),
                };
                if let Err(error) = ended {
                    tracing::debug!(%error, "other servers are not heard; tried again");
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
        Self { ears, task: task.abort_handle() }
    }
}

async fn hear(
    client: &Client,
    messages: impl Stream<Item = Result<AsyncMessage, tokio_postgres::Error>>,
    ears: &Ears,
) -> Result<(), tokio_postgres::Error> {
    let mut messages = pin!(messages);
    let mut listening = pin!(client.batch_execute("LISTEN lockstep"));
    let mut listens = false;
    loop {
        tokio::select! {
            result = &mut listening, if !listens => {
                result?;
                listens = true;
                ears.missed();
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(said))) => ears.hear(said.payload()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn ones_own_voice_and_that_of_another_tenant_are_not_heard() {
        let ears = Ears::new();
        let (one, eleven) = (ears.of(Tenant(1)), ears.of(Tenant(11)));
        let told = |notify: &Notify| notify.notified().now_or_never().is_some();
        ears.hear(&format!("1 {}", Uuid::from_u128(2)));
        assert!(told(&one) && !told(&eleven));
        ears.hear(&format!("1 {}", ears.own));
        ears.hear("1");
        assert!(!told(&one) && !told(&eleven));
        // Of a tenant there is one who listens, however often it is opened.
        assert!(Arc::ptr_eq(&one, &ears.of(Tenant(1))));
        ears.missed();
        assert!(told(&one) && told(&eleven));
    }
}
