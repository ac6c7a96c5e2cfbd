//! What changed, told to open pages (`GET /api/v1/events`).
//!
//! The first change after a quiet while is told at once; what follows within 50 ms comes together. Nothing but
//! the topic is told: a page asks anew for what it shows, so an event that is lost costs a delay, never a truth.

use crate::state::ApiState;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;

/// Tells open pages of this server what other servers of the tenant wrote. It never ends.
pub async fn follow_others(state: ApiState) {
    loop {
        state.store.written_elsewhere().await;
        state.events.publish(Topics::ALL);
    }
}

/// Changes within this time come as one event.
const WINDOW: Duration = Duration::from_millis(50);
/// Rounds that a slow page may be behind before it is told of everything at once.
const BACKLOG: usize = 64;

/// What changed: a set of topics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Topics(u8);

impl Topics {
    pub(crate) const STATUS: Self = Self(1);
    pub(crate) const USERS: Self = Self(2);
    pub(crate) const GROUPS: Self = Self(4);
    pub(crate) const ERRORS: Self = Self(8);
    pub(crate) const RUNS: Self = Self(16);
    pub(crate) const ALL: Self = Self(31);

    const NAMES: [(Self, &'static str); 5] = [
        (Self::STATUS, "status"),
        (Self::USERS, "users"),
        (Self::GROUPS, "groups"),
        (Self::ERRORS, "errors"),
        (Self::RUNS, "runs"),
    ];

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The names of the topics, in a fixed order.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(topic, _)| self.0 & topic.0 != 0).map(|(_, name)| name)
    }
}

/// Tells changes to all that listen.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    send: broadcast::Sender<Topics>,
    /// What gathered since the window opened; absent while it is quiet.
    window: Arc<Mutex<Option<Topics>>>,
}

impl Default for Events {
    fn default() -> Self {
        Self { send: broadcast::channel(BACKLOG).0, window: Arc::default() }
    }
}

impl Events {
    /// Tells of a change.
    pub(crate) fn publish(&self, topics: Topics) {
        if topics == Topics::default() {
            return;
        }
        {
            let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(gathered) = window.as_mut() {
                *gathered = gathered.and(topics);
                return;
            }
            *window = Some(Topics::default());
        }
        // Nobody listening is no error.
        let _ = self.send.send(topics);
        let events = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(WINDOW).await;
                let mut window = events.window.lock().unwrap_or_else(PoisonError::into_inner);
                match window.take() {
                    Some(gathered) if gathered != Topics::default() => {
                        *window = Some(Topics::default());
                        drop(window);
                        let _ = events.send.send(gathered);
                    }
                    _ => return,
                }
            }
        });
    }

    /// Listens from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Topics> {
        self.send.subscribe()
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        self.send.receiver_count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_comes_at_once_and_the_rest_together() {
        let events = Events::default();
        let mut heard = events.subscribe();
        events.publish(Topics::USERS);
        assert_eq!(heard.try_recv(), Ok(Topics::USERS));
        events.publish(Topics::GROUPS);
        events.publish(Topics::ERRORS.and(Topics::STATUS));
        assert!(heard.try_recv().is_err());
        let together = heard.recv().await.unwrap();
        assert_eq!(together.names().collect::<Vec<_>>(), ["status", "groups", "errors"]);
        // After a quiet window the next comes at once again.
        tokio::time::sleep(WINDOW * 3).await;
        assert!(heard.try_recv().is_err());
        events.publish(Topics::RUNS);
        assert_eq!(heard.try_recv(), Ok(Topics::RUNS));
    }
}
