//! The pre-check over the connected directory, and the containers of it with what they hold: reads beside what the
//! client does otherwise. No watermark moves, nothing is written but the report into the client's own state.
//!
//! Each directory is checked by itself: a person who is in two directories that are joined is no duplicate.

use crate::client::SyncClient;
use crate::{Containers, ScopeSettings, StateError, SyncFailure};
use lockstep_engine::rules::{Rules, RulesDocument};
use lockstep_model::precheck::{
    ContainerCount, EntryClass, Finding, MAX_LISTED, PrecheckReport, PrecheckState, PrecheckSummary,
};
use lockstep_model::{Attributes, Dn, SourceAnchor, dn};
use lockstep_precheck::{Precheck, PrecheckSettings, Values};
use lockstep_sources::{EntryName, Source, SourceEvent};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Events between a source and the check.
const EVENTS: usize = 1_024;
/// The note with the last report.
const REPORT: &str = "precheck";
/// Containers that are counted at most.
const MAX_CONTAINERS: usize = 5_000;
/// Object classes of containers, in lower case.
const CONTAINER_CLASSES: &[&str] = &[
    "builtindomain",
    "container",
    "country",
    "dcobject",
    "domain",
    "locality",
    "organization",
    "organizationalunit",
];

/// The pre-check that a client was asked for.
#[derive(Debug, Default)]
pub(crate) struct Desk(Mutex<PrecheckState>);

impl Desk {
    fn lock(&self) -> MutexGuard<'_, PrecheckState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The settings of a pre-check where these rules are in force: which attribute is the sign-in name, what the addresses
/// come from, what is a user and what a group.
pub fn precheck_settings(rules: &Rules) -> PrecheckSettings {
    let usual = PrecheckSettings::default();
    match rules.document() {
        RulesDocument::BuiltIn(settings) => PrecheckSettings {
            sign_in_name: settings.user_name_attribute.clone(),
            mail_is_address: true,
            user_classes: settings.user_classes.clone(),
            group_classes: settings.group_classes.clone(),
            ..usual
        },
        RulesDocument::Set { .. } => {
            let read = rules.attributes();
            let reads = |name: &str| read.iter().any(|attribute| attribute.eq_ignore_ascii_case(name));
            if reads(&usual.sign_in_name) {
                usual
            } else {
                let mail_is_address = !reads("proxyAddresses");
                PrecheckSettings { sign_in_name: "mail".to_owned(), mail_is_address, ..usual }
            }
        }
    }
}

/// A directory to be checked.
pub struct Checked {
    /// The name of a further source; none for the first.
    pub name: Option<String>,
    /// What reads it, with the attributes of [`PrecheckSettings::attributes`].
    pub source: Box<dyn Source>,
}

/// Checks directories, one after the other, each read twice. `scope` chooses containers of the first. Every finding
/// goes to `sink` as it is found; `on_read` hears how many entries were read.
///
/// # Errors
/// What kept a directory from being read whole; [`SyncFailure::Stopped`].
pub async fn precheck(
    directories: Vec<Checked>,
    settings: &PrecheckSettings,
    scope: &ScopeSettings,
    stop: &CancellationToken,
    on_read: &(dyn Fn(u64) + Sync),
    sink: &mut (dyn FnMut(Finding) + Send),
) -> Result<PrecheckSummary, SyncFailure> {
    let mut summary = PrecheckSummary::default();
    let mut count = 0_u64;
    for (at, Checked { name, mut source }) in directories.into_iter().enumerate() {
        let containers =
            if at == 0 { containers_of(scope, source.as_mut()).await? } else { Containers::default() };
        let mut values = Values::new();
        read(source.as_mut(), stop, |dn, attributes| {
            count += 1;
            on_read(count);
            if containers.refuses(dn).is_none() {
                values.entry(settings, dn, attributes);
            }
        })
        .await?;
        let seen = blocking(move || values.finish()).await?;
        let mut check = Precheck::new(settings.clone(), seen);
        let mut named = |mut finding: Finding| {
            finding.source.clone_from(&name);
            sink(finding);
        };
        read(source.as_mut(), stop, |dn, attributes| {
            count += 1;
            on_read(count);
            if containers.refuses(dn).is_none() {
                check.entry(dn, attributes, &mut named);
            }
        })
        .await?;
        summary.add(check.finish(&mut named));
    }
    Ok(summary)
}

/// Sorting a million values takes its time.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StateError> {
    tokio::task::spawn_blocking(work).await.map_err(StateError::ended)
}

/// The containers chosen, by the names that they have now.
async fn containers_of(scope: &ScopeSettings, source: &mut dyn Source) -> Result<Containers, SyncFailure> {
    let mut found = [Vec::new(), Vec::new()];
    for (chosen, names) in [&scope.include, &scope.exclude].into_iter().zip(&mut found) {
        for text in chosen {
            let name = match (dn::normalize(text), SourceAnchor::new(text.trim())) {
                (Some(name), _) => Some(name),
                (None, Ok(anchor)) => {
                    let entry = source.read_entry(&EntryName::Anchor(anchor)).await?;
                    entry.and_then(|entry| dn::normalize(&entry.dn?))
                }
                (None, Err(_)) => None,
            };
            names.extend(name);
        }
    }
    let [include, exclude] = found;
    Ok(Containers::new(include, exclude))
}

/// Reads a directory whole.
async fn read(
    source: &mut dyn Source,
    stop: &CancellationToken,
    mut take: impl FnMut(&str, &Attributes) + Send,
) -> Result<(), SyncFailure> {
    let at = source.describe();
    let (to, mut events) = mpsc::channel(EVENTS);
    let reading = source.read(None, false, to, stop.clone());
    let taking = async move {
        let mut whole = false;
        while let Some(event) = events.recv().await {
            match event {
                SourceEvent::Begin(_) => whole = false,
                SourceEvent::Change(change) => {
                    if let Some(dn) = &change.dn {
                        take(dn, &change.attributes);
                    }
                }
                SourceEvent::Checkpoint { .. } => whole = true,
                SourceEvent::Present(_) | SourceEvent::Gone(_) => {}
            }
        }
        whole
    };
    let (ended, whole) = tokio::join!(reading, taking);
    ended?;
    match whole {
        true => Ok(()),
        false if stop.is_cancelled() => Err(SyncFailure::Stopped),
        false => Err(SyncFailure::NoCheckpoint { at }),
    }
}

/// Counts what lies in each container of a directory; whether there are more containers than are told.
async fn containers(
    source: &mut dyn Source,
    settings: &PrecheckSettings,
    stop: &CancellationToken,
) -> Result<(Vec<ContainerCount>, bool), SyncFailure> {
    let mut found: BTreeMap<Vec<String>, ContainerCount> = BTreeMap::new();
    let mut truncated = false;
    read(source, stop, |name, attributes| {
        let Some(normalized) = dn::normalize(name) else { return };
        let is_container = attributes
            .texts("objectclass")
            .any(|class| CONTAINER_CLASSES.iter().any(|known| known.eq_ignore_ascii_case(class)));
        let own = is_container.then(|| path(&normalized));
        let above = dn::parent_of(&normalized).map(path).unwrap_or_default();
        let key = own.unwrap_or(above);
        if key.is_empty() {
            return;
        }
        if !found.contains_key(&key) {
            if found.len() >= MAX_CONTAINERS {
                truncated = true;
                return;
            }
            let shown = if is_container { Some(name.to_owned()) } else { above_of(name) };
            found.insert(key.clone(), ContainerCount { dn: shown.unwrap_or_default(), ..Default::default() });
        }
        let Some(container) = found.get_mut(&key).filter(|_| !is_container) else { return };
        match settings.class(attributes) {
            Some(EntryClass::User | EntryClass::Contact) => container.users += 1,
            Some(EntryClass::Group) => container.groups += 1,
            None => container.others += 1,
        }
    })
    .await?;
    Ok((found.into_values().collect(), truncated))
}

/// The components of a normalized name from the root down, so that a container sorts before what lies in it.
fn path(normalized: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = Some(normalized);
    while let Some(name) = rest.filter(|name| !name.is_empty()) {
        rest = dn::parent_of(name);
        let own = name.len() - rest.unwrap_or_default().len();
        parts.push(name.get(..own).unwrap_or_default().trim_end_matches(',').to_owned());
    }
    parts.reverse();
    parts
}

fn above_of(name: &str) -> Option<String> {
    Dn::parse(name).ok()?.parent().map(|above| above.to_string())
}

impl SyncClient {
    /// Where the pre-check stands; begins one, where asked and none runs. It runs until it ends or `stop`.
    pub(crate) async fn precheck_state(
        &self,
        start: bool,
        stop: CancellationToken,
    ) -> Result<PrecheckState, StateError> {
        let begin = {
            let mut state = self.desk.lock();
            let begin = start && !state.running;
            if begin {
                (state.running, state.read, state.failed) = (true, 0, None);
            }
            begin
        };
        if begin {
            let client = self.clone();
            tokio::spawn(async move { client.run_precheck(stop).await });
        }
        if self.desk.lock().report.is_none() {
            let text = self.state.note(REPORT).await?;
            // What another version wrote and this one cannot read is as good as nothing.
            let report: Option<Box<PrecheckReport>> = text.and_then(|text| serde_json::from_str(&text).ok());
            let mut state = self.desk.lock();
            if state.report.is_none() {
                state.report = report;
            }
        }
        Ok(self.desk.lock().clone())
    }

    async fn run_precheck(&self, stop: CancellationToken) {
        let ended = self.precheck(&stop).await;
        if let Ok(report) = &ended
            && let Ok(text) = serde_json::to_string(report)
            && let Err(error) = self.state.put_note(REPORT, text).await
        {
            tracing::warn!(%error, "the pre-check's report was not kept");
        }
        let mut state = self.desk.lock();
        state.running = false;
        match ended {
            Ok(report) => state.report = Some(Box::new(report)),
            Err(error) => state.failed = Some(error.whole_text()),
        }
    }

    async fn precheck(&self, stop: &CancellationToken) -> Result<PrecheckReport, SyncFailure> {
        let settings = precheck_settings(&self.settings.rules);
        let names = self.settings.rules.sources();
        let sources = self.sources_for(&settings.attributes());
        let directories = sources.into_iter().enumerate().map(|(at, source)| {
            let name = at.checked_sub(1).and_then(|at| names.get(at)).cloned();
            Checked { name, source }
        });
        let mut findings = Vec::new();
        let summary = precheck(
            directories.collect(),
            &settings,
            &self.settings.scope,
            stop,
            &|read| self.desk.lock().read = read,
            &mut |finding| {
                if findings.len() < MAX_LISTED {
                    findings.push(finding);
                }
            },
        )
        .await?;
        Ok(PrecheckReport { at: self.clock.now(), source: self.describe(), summary, findings })
    }

    /// The containers of the first directory with what lies directly in them; whether there are more.
    ///
    /// # Errors
    /// What kept the directory from being read whole.
    pub async fn containers(
        &self,
        stop: &CancellationToken,
    ) -> Result<(Vec<ContainerCount>, bool), SyncFailure> {
        let settings = precheck_settings(&self.settings.rules);
        let mut sources = self.sources_for(&["objectClass".to_owned()]);
        match sources.first_mut() {
            Some(source) => containers(source.as_mut(), &settings, stop).await,
            None => Ok((Vec::new(), false)),
        }
    }
}

/// A desk for a new client.
pub(crate) fn desk() -> Arc<Desk> {
    Arc::default()
}
