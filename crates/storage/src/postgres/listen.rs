//! What other processes wrote, heard from the database: each transaction that writes says so when it commits.
//!
//! **Invariant:** nothing is told but that something changed; a process that was not connected for a while takes it that
//! something did.

use super::Tenant;
use futures_util::{Stream, StreamExt, stream};
use std::pin::pin;
use std::sync::Arc;
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
    /// A voice of its own.
    pub(super) fn of(tenant: Tenant) -> Self {
        Self { tenant, own: lockstep_model::RunId::generate(lockstep_model::Timestamp::UNIX_EPOCH).0 }
    }

    fn text(self) -> String {
        format!("{} {}", self.tenant.0, self.own)
    }

    /// Says, with the commit, that something was written.
    pub(super) fn statement(self) -> String {
        format!("NOTIFY lockstep, '{}'", self.text())
    }

    /// Whether another said it of the same tenant.
    fn is_other(self, said: &str) -> bool {
        said != self.text() && said.split(' ').next() == Some(self.tenant.0.to_string().as_str())
    }
}

/// Listens until it is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    told: Arc<Notify>,
    task: AbortHandle,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    /// Listens on a connection of its own, and connects anew where that breaks. `told` may be told by others as well.
    pub(super) fn start<T>(config: Config, tls: T, voice: Voice, told: Arc<Notify>) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let heard = told.clone();
        let task = tokio::spawn(async move {
            loop {
                let ended = match config.connect(tls.clone()).await {
                    Ok((client, mut connection)) => {
                        let messages = stream::poll_fn(move |cx| connection.poll_message(cx));
                        hear(&client, messages, voice, &heard).await
                    }
                    Err(error) => Err(error),
                };
                if let Err(error) = ended {
                    tracing::debug!(%error, "other servers are not heard; tried again");
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
        Self { told, task: task.abort_handle() }
    }

    /// Waits until another wrote since this was asked last.
    pub(super) async fn written_elsewhere(&self) {
        self.told.notified().await;
    }
}

async fn hear(
    client: &Client,
    messages: impl Stream<Item = Result<AsyncMessage, tokio_postgres::Error>>,
    voice: Voice,
    told: &Notify,
) -> Result<(), tokio_postgres::Error> {
    let mut messages = pin!(messages);
    let mut listening = pin!(client.batch_execute("LISTEN lockstep"));
    let mut listens = false;
    loop {
        tokio::select! {
            result = &mut listening, if !listens => {
                result?;
                listens = true;
                // What was said before was not heard.
                told.notify_one();
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(said))) if voice.is_other(said.payload()) => told.notify_one(),
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

    #[test]
    fn ones_own_voice_and_that_of_another_tenant_are_not_heard() {
        let one = Voice { tenant: Tenant(1), own: Uuid::from_u128(1) };
        let other = Voice { tenant: Tenant(1), own: Uuid::from_u128(2) };
        let elsewhere = Voice { tenant: Tenant(11), own: Uuid::from_u128(2) };
        assert!(one.is_other(&other.text()));
        assert!(!one.is_other(&one.text()));
        assert!(!one.is_other(&elsewhere.text()));
    }
}
