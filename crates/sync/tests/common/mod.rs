//! A scripted source and a tenant in memory, for tests of the client's own logic. The tenant does what the
//! provisioning API documents, no more: whole-system tests run against the real one.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

use async_trait::async_trait;
use futures_util::StreamExt;
use lockstep_model::guard::DeletionThreshold;
use lockstep_model::provisioning::*;
use lockstep_model::scim::{PatchVerb, parse_path};
use lockstep_model::{
    AttributeName, Attributes, ClientId, Clock, Fingerprint, ObjectKind, OrderId, Properties, Property,
    RunId, SourceAnchor, Timestamp,
};
use lockstep_sources::{EntryChange, Extent, ReadKind, Source, SourceError, SourceEvent, Watermark};
use lockstep_storage::SqliteStateStore;
use lockstep_sync::{SourceFactory, SyncClient, SyncSettings};
use lockstep_targets::{Orders, Target, TargetError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

pub mod world;

pub fn anchor(text: &str) -> SourceAnchor {
    SourceAnchor::new(text).unwrap()
}

pub struct RealClock;

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "a test's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// One entry of the directory in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub dn: String,
    pub attributes: BTreeMap<String, Vec<String>>,
}

/// A directory in memory, with a log of what changed, readable as a source.
#[derive(Default)]
pub struct Directory {
    pub entries: BTreeMap<String, Item>,
    log: Vec<SourceEvent>,
    /// Anchors the account may not see.
    pub hidden: BTreeSet<String>,
    /// Ends the next read with this error after so many entries.
    pub fail: Option<(usize, fn() -> SourceError)>,
    pub reads: Vec<ReadKind>,
    live: Option<broadcast::Sender<usize>>,
}

pub type Shared = Arc<Mutex<Directory>>;

fn change_of(anchor_text: &str, item: &Item) -> EntryChange {
    let attributes: Attributes = item
        .attributes
        .iter()
        .map(|(name, values)| {
            (AttributeName::new(name), values.iter().map(|value| value.clone().into_bytes()).collect())
        })
        .collect();
    EntryChange {
        anchor: anchor(anchor_text),
        dn: Some(item.dn.clone()),
        extent: Extent::Whole,
        attributes,
        links: Vec::new(),
    }
}

impl Directory {
    pub fn shared() -> Shared {
        Arc::new(Mutex::new(Self { live: Some(broadcast::channel(10_000).0), ..Self::default() }))
    }

    fn logged(&mut self, event: SourceEvent) {
        self.log.push(event);
        let _ = self.live.as_ref().unwrap().send(self.log.len());
    }

    pub fn put(&mut self, anchor: &str, dn: &str, attributes: &[(&str, &[&str])]) {
        let attributes = attributes
            .iter()
            .map(|(name, values)| ((*name).to_owned(), values.iter().map(|v| (*v).to_owned()).collect()))
            .collect();
        self.put_item(anchor, Item { dn: dn.to_owned(), attributes });
    }

    pub fn put_item(&mut self, anchor: &str, item: Item) {
        let change = change_of(anchor, &item);
        self.entries.insert(anchor.to_owned(), item);
        self.logged(SourceEvent::Change(change));
    }

    pub fn ou(&mut self, anchor: &str, dn: &str) {
        self.put(anchor, dn, &[("objectclass", &["organizationalUnit"])]);
    }

    pub fn person(&mut self, name: &str, parent: &str) {
        let dn = format!("uid={name},{parent}");
        let mail = format!("{name}@contoso.com");
        self.put(
            name,
            &dn,
            &[
                ("objectclass", &["inetOrgPerson"]),
                ("uid", &[name]),
                ("cn", &[name]),
                ("sn", &["S"]),
                ("mail", &[&mail]),
            ],
        );
    }

    pub fn group(&mut self, name: &str, parent: &str, members: &[&str]) {
        let dn = format!("cn={name},{parent}");
        self.put(name, &dn, &[("objectclass", &["groupOfNames"]), ("cn", &[name]), ("member", members)]);
    }

    pub fn set(&mut self, anchor: &str, attribute: &str, values: &[&str]) {
        let mut item = self.entries.get(anchor).unwrap().clone();
        item.attributes.insert(attribute.to_owned(), values.iter().map(|v| (*v).to_owned()).collect());
        self.put_item(anchor, item);
    }

    pub fn delete(&mut self, name: &str) {
        self.entries.remove(name).unwrap();
        self.logged(SourceEvent::Gone(vec![anchor(name)]));
    }

    /// Renames an entry and all below it, as a server does: only the entry itself is named in the log.
    pub fn rename(&mut self, name: &str, new_dn: &str) {
        let old = self.entries.get(name).unwrap().dn.clone();
        for (other, item) in &mut self.entries {
            if other == name {
                item.dn = new_dn.to_owned();
            } else if let Some(own) = item.dn.strip_suffix(&format!(",{old}")) {
                item.dn = format!("{own},{new_dn}");
            }
        }
        let item = self.entries.get(name).unwrap().clone();
        self.logged(SourceEvent::Change(change_of(name, &item)));
    }

    fn watermark(at: usize) -> Watermark {
        Watermark(BTreeMap::from([("base".to_owned(), at.to_string().into_bytes())]))
    }
}

pub struct ScriptedSource(pub Shared);

#[async_trait]
impl Source for ScriptedSource {
    fn describe(&self) -> String {
        "a directory in memory".into()
    }

    async fn read(
        &mut self,
        from: Option<Watermark>,
        live: bool,
        to: mpsc::Sender<SourceEvent>,
        stop: CancellationToken,
    ) -> Result<(), SourceError> {
        let (events, mut at, mut more, fail) = {
            let mut directory = self.0.lock().unwrap();
            let at = directory.log.len();
            let kind = if from.is_none() { ReadKind::Full } else { ReadKind::Delta };
            directory.reads.push(kind);
            let mut events = vec![SourceEvent::Begin(kind)];
            match from {
                None => {
                    let hidden = directory.hidden.clone();
                    events.extend(
                        directory
                            .entries
                            .iter()
                            .filter(|(anchor, _)| !hidden.contains(*anchor))
                            .map(|(anchor, item)| SourceEvent::Change(change_of(anchor, item))),
                    );
                }
                Some(from) => {
                    let from: usize = String::from_utf8(from.0["base"].clone()).unwrap().parse().unwrap();
                    // As a server does: each entry that changed, as it is now, in no particular order.
                    let named: BTreeSet<SourceAnchor> = directory.log[from..]
                        .iter()
                        .flat_map(|event| match event {
                            SourceEvent::Change(change) => vec![change.anchor.clone()],
                            SourceEvent::Gone(anchors) => anchors.clone(),
                            _ => vec![],
                        })
                        .collect();
                    let (there, gone): (Vec<_>, Vec<_>) =
                        named.into_iter().partition(|name| directory.entries.contains_key(name.as_str()));
                    events.extend(there.iter().map(|name| {
                        SourceEvent::Change(change_of(name.as_str(), &directory.entries[name.as_str()]))
                    }));
                    if !gone.is_empty() {
                        events.push(SourceEvent::Gone(gone));
                    }
                }
            }
            events.push(SourceEvent::Checkpoint {
                watermark: Directory::watermark(at),
                sweep: kind == ReadKind::Full,
                live,
            });
            (events, at, directory.live.as_ref().unwrap().subscribe(), directory.fail.take())
        };
        for (n, event) in events.into_iter().enumerate() {
            if let Some((after, error)) = fail
                && n > after
            {
                return Err(error());
            }
            if to.send(event).await.is_err() {
                return Ok(());
            }
        }
        if !live {
            return Ok(());
        }
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = more.recv() => {}
            }
            let new = {
                let directory = self.0.lock().unwrap();
                let new = directory.log[at..].to_vec();
                at = directory.log.len();
                new
            };
            let count = new.len();
            for (n, event) in new.into_iter().enumerate() {
                let _ = to.send(event).await;
                let watermark = Directory::watermark(at - count + n + 1);
                let _ = to.send(SourceEvent::Checkpoint { watermark, sweep: false, live: true }).await;
            }
        }
    }

    async fn check(&mut self, _: Timestamp) -> Vec<DoctorCheck> {
        Vec::new()
    }
}

/// What the tenant in memory holds of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Cloud {
    pub kind: ObjectKind,
    /// Of what was sent.
    pub fingerprint: Fingerprint,
    pub properties: Properties,
    pub manager: Option<SourceAnchor>,
    pub members: BTreeSet<SourceAnchor>,
}

#[derive(Default)]
pub struct TenantState {
    pub objects: BTreeMap<SourceAnchor, Cloud>,
    pub writes: u64,
    pub log: Vec<String>,
    pub errors: BTreeMap<SourceAnchor, Vec<lockstep_model::SyncError>>,
    pub reports: Vec<ClientReport>,
    pub runs: Vec<RunRecord>,
    /// Refuses writes to these.
    pub refuse: BTreeSet<SourceAnchor>,
    /// Carries out the next requests and loses the answers.
    pub lose_answers: u32,
    /// It cannot be told of errors.
    pub refuse_errors: bool,
    pub answers: Vec<OrderAnswer>,
    /// The flows that came with the last write of an object.
    pub flows: BTreeMap<SourceAnchor, BTreeMap<String, String>>,
}

pub struct MemoryTenant {
    pub state: Mutex<TenantState>,
    pub orders: broadcast::Sender<Order>,
}

impl MemoryTenant {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), orders: broadcast::channel(100).0 })
    }

    pub fn names(&self) -> Vec<String> {
        self.state.lock().unwrap().objects.keys().map(|anchor| anchor.as_str().to_owned()).collect()
    }

    pub fn writes(&self) -> u64 {
        self.state.lock().unwrap().writes
    }

    pub fn members(&self, group: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.objects[&anchor(group)].members.iter().map(|a| a.as_str().to_owned()).collect()
    }

    pub fn text(&self, name: &str, property: Property) -> Option<String> {
        let state = self.state.lock().unwrap();
        state.objects.get(&anchor(name))?.properties.text(property).map(str::to_owned)
    }
}

fn carry_out(state: &mut TenantState, operation: BulkOperation) -> OperationResult {
    let answer = |outcome| OperationResult { status: "200".into(), outcome, errors: vec![] };
    let (path, outcome) = match operation {
        BulkOperation::Post(post) => {
            let (kind, name, properties, manager) = match post {
                PostOperation::User(user) => {
                    let name = user.external_id.clone();
                    state.flows.insert(anchor(&name), user.flows.clone());
                    let (properties, manager) = user.into_properties();
                    (ObjectKind::User, name, properties, manager)
                }
                PostOperation::Group(group) => {
                    (ObjectKind::Group, group.external_id.clone(), group.into_properties(), None)
                }
                other @ (PostOperation::Contact(_) | PostOperation::Device(_)) => {
                    panic!("no source gives this yet: {other:?}")
                }
            };
            let name = anchor(&name);
            if state.refuse.contains(&name) {
                return answer(Outcome::Refused);
            }
            state.log.push(format!("post {kind} {name}"));
            let held = state.objects.get(&name);
            let members = held.map(|held| held.members.clone()).unwrap_or_default();
            let fingerprint = properties.fingerprint(kind, manager.as_ref());
            let mut properties = properties;
            properties.keep_from(held.map(|held| &held.properties));
            let new = Cloud { kind, fingerprint, properties, manager, members };
            match state.objects.insert(name, new.clone()) {
                None => ("", Outcome::Created),
                Some(held) if held == new => ("", Outcome::Unchanged),
                Some(_) => ("", Outcome::Updated),
            }
        }
        BulkOperation::Patch { path, data } => {
            let (_, group) = parse_path(&path).unwrap();
            let Some(held) = state.objects.get_mut(&group) else { return answer(Outcome::Refused) };
            for operation in data.operations {
                state.log.push(format!("{:?} {} of {group}", operation.op, operation.value.len()));
                for member in operation.value {
                    match operation.op {
                        PatchVerb::Add => held.members.insert(member.value),
                        PatchVerb::Remove => held.members.remove(&member.value),
                    };
                }
            }
            ("", Outcome::Updated)
        }
        BulkOperation::Delete { path } => {
            let (kind, name) = parse_path(&path).unwrap();
            state.log.push(format!("delete {kind} {name}"));
            state.objects.remove(&name);
            for other in state.objects.values_mut() {
                other.members.remove(&name);
            }
            ("", Outcome::Deleted)
        }
    };
    let _ = path;
    state.writes += 1;
    answer(outcome)
}

#[async_trait]
impl Target for MemoryTenant {
    fn describe(&self) -> String {
        "a tenant in memory".into()
    }

    async fn send(
        &self,
        _: RunId,
        operations: Vec<BulkOperation>,
    ) -> Result<Vec<OperationResult>, TargetError> {
        let mut state = self.state.lock().unwrap();
        let results = operations.into_iter().map(|operation| carry_out(&mut state, operation)).collect();
        if state.lose_answers > 0 {
            state.lose_answers -= 1;
            return Err(TargetError::TimedOut { endpoint: "memory".into(), action: "a batch" });
        }
        Ok(results)
    }

    async fn inventory(&self, after: Option<SourceAnchor>) -> Result<InventoryPage, TargetError> {
        let mut state = self.state.lock().unwrap();
        if state.lose_answers > 0 {
            state.lose_answers -= 1;
            return Err(TargetError::TimedOut { endpoint: "memory".into(), action: "the inventory" });
        }
        let state = &*state;
        let items: Vec<InventoryItem> = state
            .objects
            .iter()
            .filter(|(anchor, _)| after.as_ref().is_none_or(|after| *anchor > after))
            .take(3)
            .map(|(anchor, held)| InventoryItem {
                anchor: anchor.clone(),
                kind: held.kind,
                name: held.properties.text(Property::DisplayName).unwrap_or("").to_owned(),
                fingerprint: held.fingerprint,
                members_fingerprint: (held.kind == ObjectKind::Group)
                    .then(|| Fingerprint::of_members(held.members.iter().map(SourceAnchor::as_str))),
                client_errors: state.errors.contains_key(anchor),
            })
            .collect();
        let next = if items.len() == 3 { items.last().map(|item| item.anchor.clone()) } else { None };
        Ok(InventoryPage { items, next })
    }

    async fn group_members(
        &self,
        group: &SourceAnchor,
        after: Option<SourceAnchor>,
    ) -> Result<MembersPage, TargetError> {
        let state = self.state.lock().unwrap();
        let members: Vec<_> = state.objects[group]
            .members
            .iter()
            .filter(|anchor| after.as_ref().is_none_or(|after| *anchor > after))
            .take(2)
            .cloned()
            .collect();
        let next = if members.len() == 2 { members.last().cloned() } else { None };
        Ok(MembersPage { members, next })
    }

    async fn put_errors(&self, errors: ClientErrors) -> Result<(), TargetError> {
        let mut state = self.state.lock().unwrap();
        if state.refuse_errors {
            return Err(TargetError::TimedOut { endpoint: "memory".into(), action: "telling errors" });
        }
        for object in errors.objects {
            state.errors.remove(&object);
        }
        for error in errors.errors {
            state.errors.entry(error.object.anchor.clone().unwrap()).or_default().push(error);
        }
        Ok(())
    }

    async fn report(&self, report: ClientReport) -> Result<ReportAnswer, TargetError> {
        self.state.lock().unwrap().reports.push(report);
        Ok(ReportAnswer {
            client: ClientId::generate(RealClock.now()),
            sync_enabled: true,
            latest_version: "0".into(),
            now: RealClock.now(),
            deletion_threshold: None,
        })
    }

    async fn put_run(&self, run: RunRecord) -> Result<(), TargetError> {
        let mut state = self.state.lock().unwrap();
        state.runs.retain(|held| held.id != run.id);
        state.runs.push(run);
        Ok(())
    }

    async fn orders(&self) -> Result<Orders, TargetError> {
        let orders = self.orders.subscribe();
        Ok(futures_util::stream::unfold(orders, |mut orders| async move {
            orders.recv().await.ok().map(|order| (Ok(order), orders))
        })
        .boxed())
    }

    async fn answer(&self, _: OrderId, answer: OrderAnswer) -> Result<(), TargetError> {
        self.state.lock().unwrap().answers.push(answer);
        Ok(())
    }

    async fn check(&self, _: Timestamp) -> Vec<DoctorCheck> {
        Vec::new()
    }
}

pub const OPEN: DeletionThreshold = DeletionThreshold { count: 1_000_000, percent: 100 };

pub fn settings(threshold: DeletionThreshold) -> SyncSettings {
    SyncSettings {
        threshold,
        settle: Duration::from_millis(50),
        retry: Duration::from_millis(10),
        retry_at_most: Duration::from_millis(100),
        ..SyncSettings::default()
    }
}

pub fn client(
    directory: &Shared,
    tenant: &Arc<MemoryTenant>,
    path: &Path,
    threshold: DeletionThreshold,
) -> SyncClient {
    client_of(directory, tenant, path, settings(threshold))
}

pub fn factory_of(directory: &Shared) -> SourceFactory {
    let directory = directory.clone();
    Arc::new(move |_: &[String]| Box::new(ScriptedSource(directory.clone())))
}

pub fn client_of(
    directory: &Shared,
    tenant: &Arc<MemoryTenant>,
    path: &Path,
    settings: SyncSettings,
) -> SyncClient {
    SyncClient::new(
        factory_of(directory),
        tenant.clone(),
        Arc::new(SqliteStateStore::open(path).unwrap()),
        Arc::new(RealClock),
        settings,
    )
}

/// Removes a client's state. The store that was just dropped may be clearing up beside us.
pub fn forget_state(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let removed = entry.map(|entry| std::fs::remove_file(entry.path()));
        let gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
        assert!(removed.is_ok_and(|removed| removed.as_ref().err().is_none_or(gone)));
    }
}

/// Waits for a condition, ten seconds at most.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within ten seconds: {what}");
}
