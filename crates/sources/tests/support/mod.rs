//! What a consumer does with a source's events: a copy of the directory, changed only at checkpoints.
#![allow(dead_code, reason = "each test binary uses its part")]

use lockstep_model::SourceAnchor;
use lockstep_sources::{EntryChange, ReadKind, Source, SourceError, SourceEvent, Watermark};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A copy of a directory, with a log of how it came about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    pub(crate) entries: BTreeMap<SourceAnchor, EntryChange>,
    pub(crate) watermark: Option<Watermark>,
    pub(crate) kinds: Vec<ReadKind>,
    pub(crate) changes: usize,
    pub(crate) present: usize,
    pub(crate) gone: usize,
    pub(crate) swept: usize,
    pub(crate) checkpoints: usize,
    /// Waits so long after each of the first 400 events.
    pub(crate) slow: Option<Duration>,
    pub(crate) pending: Vec<SourceEvent>,
    pub(crate) named: BTreeSet<SourceAnchor>,
    pub(crate) began: bool,
}

impl Directory {
    pub(crate) fn clear_log(&mut self) {
        self.kinds.clear();
        (self.changes, self.present, self.gone, self.swept, self.checkpoints) = (0, 0, 0, 0, 0);
    }

    pub(crate) fn has(&self, dn: &str) -> bool {
        self.entries.values().any(|entry| entry.dn.as_deref() == Some(dn))
    }

    pub(crate) fn find(&self, dn: &str) -> EntryChange {
        self.entries
            .values()
            .find(|entry| entry.dn.as_deref() == Some(dn))
            .unwrap_or_else(|| panic!("{dn}"))
            .clone()
    }

    pub(crate) fn assert_equals(&self, other: &Self) {
        let show = |directory: &Self| -> Vec<_> {
            let line = |e: &EntryChange| format!("{} {:?} {:?}", e.anchor, e.dn, e.attributes);
            directory.entries.values().map(line).collect()
        };
        assert_eq!(show(self), show(other));
    }

    /// Takes in one event. Returns whether it was a live checkpoint.
    pub(crate) fn take(&mut self, event: SourceEvent) -> bool {
        match event {
            SourceEvent::Begin(kind) => {
                self.kinds.push(kind);
                self.pending.clear();
                self.named.clear();
                self.began = true;
                false
            }
            SourceEvent::Checkpoint { watermark, sweep, live } => {
                assert!(self.began, "a checkpoint without a beginning");
                self.checkpoints += 1;
                for event in std::mem::take(&mut self.pending) {
                    match event {
                        SourceEvent::Change(change) => {
                            self.changes += 1;
                            self.named.insert(change.anchor.clone());
                            self.entries.insert(change.anchor.clone(), change);
                        }
                        SourceEvent::Present(anchors) => {
                            self.present += anchors.len();
                            self.named.extend(anchors);
                        }
                        SourceEvent::Gone(anchors) => {
                            self.gone +=
                                anchors.iter().filter(|anchor| self.entries.remove(anchor).is_some()).count();
                        }
                        other => panic!("{other:?}"),
                    }
                }
                if sweep {
                    let before = self.entries.len();
                    self.entries.retain(|anchor, _| self.named.contains(anchor));
                    self.swept += before - self.entries.len();
                }
                self.watermark = Some(watermark);
                live
            }
            event => {
                assert!(self.began, "an event before the beginning: {event:?}");
                self.pending.push(event);
                false
            }
        }
    }

    /// One read that is not live.
    pub(crate) async fn read(&mut self, source: &mut (dyn Source + '_)) -> Result<(), SourceError> {
        let (to, mut events) = mpsc::channel(64);
        let from = self.watermark.clone();
        let read = source.read(from, false, to, CancellationToken::new());
        let take = async {
            let mut count = 0;
            while let Some(event) = events.recv().await {
                count += 1;
                if let Some(wait) = self.slow.filter(|_| count < 400) {
                    tokio::time::sleep(wait).await;
                }
                self.take(event);
            }
        };
        let (result, ()) = tokio::join!(read, take);
        self.pending.clear();
        result
    }
}

/// Reads `most` events, then stops the read and returns how it ended; none may be a checkpoint.
pub(crate) async fn read(
    source: &mut dyn Source,
    from: Option<Watermark>,
    most: usize,
) -> Result<(), SourceError> {
    let (to, mut events) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let read = source.read(from, false, to, stop.clone());
    let take = async {
        for _ in 0..most {
            let event = events.recv().await;
            assert!(!matches!(event, None | Some(SourceEvent::Checkpoint { .. })), "{event:?}");
        }
        stop.cancel();
        while let Some(event) = events.recv().await {
            assert!(!matches!(event, SourceEvent::Checkpoint { .. }));
        }
    };
    tokio::join!(read, take).0
}

/// A live read in the background.
pub(crate) struct Live {
    pub(crate) directory: Directory,
    events: mpsc::Receiver<SourceEvent>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), SourceError>>,
}

impl Live {
    pub(crate) fn start(mut source: impl Source + 'static, from: Option<Watermark>) -> Self {
        let (to, events) = mpsc::channel(64);
        let stop = CancellationToken::new();
        let token = stop.clone();
        let directory = Directory { watermark: from.clone(), ..Directory::default() };
        let task = tokio::spawn(async move { source.read(from, true, to, token).await });
        Self { directory, events, stop, task }
    }

    async fn next(&mut self, what: &str) -> bool {
        match tokio::time::timeout(Duration::from_secs(20), self.events.recv()).await {
            Ok(Some(event)) => self.directory.take(event),
            Ok(None) => panic!("the read ended while waiting for {what}: {:?}", (&mut self.task).await),
            Err(_) => panic!("waited in vain for {what}"),
        }
    }

    pub(crate) async fn until_live(&mut self) {
        while !self.next("the live stage").await {}
    }

    pub(crate) async fn until(&mut self, what: &str, mut condition: impl FnMut(&Directory) -> bool) {
        while !condition(&self.directory) {
            self.next(what).await;
        }
    }

    /// Stops the read, which must end in good order.
    pub(crate) async fn stop(self) -> Directory {
        self.stop.cancel();
        let (directory, result) = self.end().await;
        result.unwrap();
        directory
    }

    /// Waits for the read to end.
    pub(crate) async fn end(mut self) -> (Directory, Result<(), SourceError>) {
        let end = async {
            while let Some(event) = self.events.recv().await {
                self.directory.take(event);
            }
            self.task.await.unwrap()
        };
        let result = tokio::time::timeout(Duration::from_secs(20), end).await.expect("the read does not end");
        (self.directory, result)
    }
}
