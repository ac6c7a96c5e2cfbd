//! A read of all sources in progress: one task each, whose events come in one after another.

use crate::client::SyncClient;
use crate::{StateError, SyncFailure};
use lockstep_model::SourceAnchor;
use lockstep_sources::{EntryChange, SourceError, SourceEvent, Watermark};
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Events between a source and the import.
const EVENTS: usize = 2_048;

/// A read of all sources in progress.
pub(crate) struct Reading {
    sources: Vec<mpsc::Receiver<SourceEvent>>,
    tasks: Vec<JoinHandle<Result<(), SourceError>>>,
    /// Names of further sources.
    names: Arc<Vec<String>>,
    /// Whose turn it is, so that a busy source does not keep another one waiting.
    turn: usize,
    pub(crate) stop: CancellationToken,
    pub(crate) at: String,
}

impl Reading {
    /// Begins to read each source from where it was left.
    pub(crate) fn start(client: &SyncClient, from: Vec<Option<Watermark>>, live: bool) -> Self {
        let stop = CancellationToken::new();
        let (mut sources, mut tasks) = (Vec::new(), Vec::new());
        for (mut source, from) in client.make_sources().into_iter().zip(from) {
            let (to, events) = mpsc::channel(EVENTS);
            sources.push(events);
            let token = stop.clone();
            tasks.push(tokio::spawn(async move {
                let result = source.read(from, live, to, token.clone()).await;
                if result.is_err() {
                    // What the others would say by themselves could not be told from what is missing.
                    token.cancel();
                }
                result
            }));
        }
        let names = Arc::new(client.settings.rules.sources().to_vec());
        Self { sources, tasks, names, turn: 0, stop, at: client.describe() }
    }

    /// The next event, with the number of its source; none once all have ended.
    pub(crate) async fn next(&mut self) -> Option<(usize, SourceEvent)> {
        let count = self.sources.len();
        let (turn, sources) = (self.turn, &mut self.sources);
        let found = std::future::poll_fn(|context| {
            let mut open = false;
            for step in 0..count {
                let at = (turn + step) % count;
                let Some(events) = sources.get_mut(at) else { continue };
                match events.poll_recv(context) {
                    Poll::Ready(Some(event)) => return Poll::Ready(Some((at, event))),
                    Poll::Ready(None) => {}
                    Poll::Pending => open = true,
                }
            }
            if open { Poll::Pending } else { Poll::Ready(None) }
        });
        let (at, event) = found.await?;
        self.turn = at + 1;
        Some(self.named(at, event))
    }

    /// The next event, if one waits.
    pub(crate) fn try_next(&mut self) -> Option<(usize, SourceEvent)> {
        for at in 0..self.sources.len() {
            let waiting = self.sources.get_mut(at).and_then(|events| events.try_recv().ok());
            if let Some(event) = waiting {
                return Some(self.named(at, event));
            }
        }
        None
    }

    /// Whether no event waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.sources.iter().all(mpsc::Receiver::is_empty)
    }

    /// How the read ended, after its last event.
    pub(crate) async fn end(self) -> Result<(), SyncFailure> {
        let mut failed = None;
        for task in self.tasks {
            match task.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => failed = failed.or(Some(SyncFailure::from(error))),
                Err(error) => return Err(StateError::Failed { source: Box::new(error) }.into()),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Entries of further sources bear the name of their source.
    fn named(&self, at: usize, event: SourceEvent) -> (usize, SourceEvent) {
        let Some(name) = at.checked_sub(1).and_then(|at| self.names.get(at)) else { return (at, event) };
        (at, in_source(name, event))
    }
}

/// The same event with the anchors that entries of this source have here.
fn in_source(name: &str, event: SourceEvent) -> SourceEvent {
    let anchor = |anchor| anchor_in(name, anchor);
    match event {
        SourceEvent::Change(change) => SourceEvent::Change(change_in(Some(name), change)),
        SourceEvent::Present(anchors) => SourceEvent::Present(anchors.into_iter().map(anchor).collect()),
        SourceEvent::Gone(anchors) => SourceEvent::Gone(anchors.into_iter().map(anchor).collect()),
        other @ (SourceEvent::Begin(_) | SourceEvent::Checkpoint { .. }) => other,
    }
}

/// The same change with the anchor that the entry has here.
pub(crate) fn change_in(source: Option<&str>, mut change: EntryChange) -> EntryChange {
    if let Some(name) = source {
        change.anchor = anchor_in(name, change.anchor);
    }
    change
}

/// The anchor that its source knows an entry by.
pub(crate) fn own_anchor(source: Option<&str>, anchor: &SourceAnchor) -> SourceAnchor {
    source.and_then(|name| anchor.within(name)).unwrap_or_else(|| anchor.clone())
}

/// An anchor that grows too long is none that a directory gives: it stays as it is.
fn anchor_in(name: &str, anchor: SourceAnchor) -> SourceAnchor {
    SourceAnchor::of_source(name, &anchor).unwrap_or(anchor)
}
