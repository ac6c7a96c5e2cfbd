//! An LDIF file as the directory, for trials without a server.
//!
//! - Every read is a full read; a file that did not change (same size and time, or same content) is a delta
//!   without changes. Live, the file is looked at every [`LdifOptions::poll`].
//! - The anchor is the value of `entryUUID` where the entry has one. Else it is a UUID made of the normalized DN
//!   (RFC 9562 version 8, the first 128 bits of its SHA-256): stable as long as the DN is, so that **renaming such
//!   an entry deletes and makes it anew**. Export with `slapcat` or `ldapsearch ... '+'` to keep `entryUUID`.
//! - A file that changes while it is read is not believed.

use crate::{EntryChange, Extent, ReadKind, Source, SourceError, SourceEvent, Watermark};
use async_trait::async_trait;
use lockstep_ldap::SearchEntry;
use lockstep_ldap::ldif::LdifReader;
use lockstep_model::provisioning::{CheckResult, DoctorCheck};
use lockstep_model::{AttributeName, Attributes, SourceAnchor, Timestamp, dn};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Settings of an LDIF source.
#[derive(Clone, Debug)]
pub struct LdifOptions {
    /// The file.
    pub path: PathBuf,
    /// Attributes to pass on; the others are dropped.
    pub attributes: Vec<String>,
    /// How often a live read looks at the file.
    pub poll: Duration,
}

impl LdifOptions {
    /// A file with these attributes, looked at every second.
    pub fn new(path: impl Into<PathBuf>, attributes: &[&str]) -> Self {
        let attributes = attributes.iter().map(|name| (*name).to_owned()).collect();
        Self { path: path.into(), attributes, poll: Duration::from_secs(1) }
    }
}

/// A file that is read as a directory.
#[derive(Debug)]
pub struct LdifSource {
    options: LdifOptions,
}

/// What a watermark holds: the file as it was, and the attributes it was read with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    bytes: u64,
    modified_nanos: u128,
    sha256: String,
    attributes: String,
}

/// A file by what the system says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified_nanos: u128,
}

impl LdifSource {
    /// A source with these settings; opens the file only when it is read.
    pub fn new(options: LdifOptions) -> Self {
        Self { options }
    }

    fn key(&self) -> String {
        self.options.path.display().to_string()
    }

    fn attributes_key(&self) -> String {
        let mut names: Vec<_> =
            self.options.attributes.iter().map(|name| name.to_ascii_lowercase()).collect();
        names.sort_unstable();
        hex(&Sha256::digest(names.join("\n")))
    }

    fn io(&self, cause: io::Error) -> SourceError {
        SourceError::File { path: self.options.path.clone(), cause }
    }

    /// The position of a watermark; one of another file or other attributes needs a full read.
    fn position(&self, watermark: &Watermark) -> Result<Position, SourceError> {
        let foreign =
            |reason: &str| SourceError::ForeignWatermark { at: self.describe(), reason: reason.to_owned() };
        let held = watermark.0.get(&self.key()).ok_or_else(|| foreign("it is of another file"))?;
        let position: Position = serde_json::from_slice(held).map_err(|_| foreign("it cannot be read"))?;
        if position.attributes != self.attributes_key() {
            return Err(foreign("the list of attributes was changed"));
        }
        Ok(position)
    }

    fn watermark(&self, position: &Position) -> Watermark {
        let value = serde_json::to_vec(position).unwrap_or_default();
        Watermark([(self.key(), value)].into())
    }

    fn stamp(&self) -> Result<Stamp, SourceError> {
        std::fs::metadata(&self.options.path).map(|metadata| stamp(&metadata)).map_err(|cause| self.io(cause))
    }

    /// The file's content hash, read away from the runtime's threads.
    async fn hash(&self) -> Result<String, SourceError> {
        let path = self.options.path.clone();
        let hash = tokio::task::spawn_blocking(move || {
            let mut input = Hashing { input: File::open(&path)?, hash: Sha256::new() };
            io::copy(&mut input, &mut io::sink())?;
            Ok(hex(&input.hash.finalize()))
        });
        hash.await.map_err(io::Error::other).and_then(|result| result).map_err(|cause| self.io(cause))
    }

    /// Reads the whole file and sends its entries; none if nobody listens any more.
    async fn send_all(&self, to: &mpsc::Sender<SourceEvent>) -> Result<Option<Position>, SourceError> {
        let (path, to, attributes) = (self.options.path.clone(), to.clone(), self.attributes_key());
        let wanted: HashSet<String> =
            self.options.attributes.iter().map(|a| a.to_ascii_lowercase()).collect();
        let at = self.describe();
        let read = tokio::task::spawn_blocking(move || read_file(&path, &at, &wanted, attributes, &to));
        match read.await {
            Ok(result) => result,
            Err(error) => Err(self.io(io::Error::other(error))),
        }
    }
}

#[async_trait]
impl Source for LdifSource {
    fn describe(&self) -> String {
        format!("LDIF file {}", self.options.path.display())
    }

    async fn read(
        &mut self,
        from: Option<Watermark>,
        live: bool,
        to: mpsc::Sender<SourceEvent>,
        stop: CancellationToken,
    ) -> Result<(), SourceError> {
        tokio::select! {
            biased;
            () = stop.cancelled() => Ok(()),
            result = self.run(from, live, to.clone()) => result,
        }
    }

    async fn check(&mut self, _now: Timestamp) -> Vec<DoctorCheck> {
        let started = Instant::now();
        let path = self.options.path.clone();
        let result = tokio::task::spawn_blocking(move || count(&path)).await;
        let (result, detail, remedy) = match result {
            Ok(Ok(0)) => (CheckResult::Fail, "the file has no entry".to_owned(), Some("check the path")),
            Ok(Ok(entries)) => (CheckResult::Pass, format!("{entries} entries"), None),
            Ok(Err(problem)) => (CheckResult::Fail, problem, Some("correct the file, or the path to it")),
            Err(error) => (CheckResult::Fail, error.to_string(), Some("try again")),
        };
        vec![DoctorCheck {
            name: "source.file".to_owned(),
            title: "Read the LDIF file".to_owned(),
            result,
            detail,
            remedy: remedy.map(str::to_owned),
            millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }]
    }
}

impl LdifSource {
    async fn run(
        &self,
        from: Option<Watermark>,
        live: bool,
        to: mpsc::Sender<SourceEvent>,
    ) -> Result<(), SourceError> {
        let held = match &from {
            Some(watermark) => Some(self.position(watermark)?),
            None => None,
        };
        let Some(mut position) = self.once(held, live, &to).await? else { return Ok(()) };
        if !live {
            return Ok(());
        }
        let mut ticks = tokio::time::interval(self.options.poll);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut seen = position.stamp();
        loop {
            tokio::select! {
                () = to.closed() => return Ok(()),
                _ = ticks.tick() => {}
            }
            let stamp = self.stamp()?;
            // A file that still grows is left alone until it has been the same twice.
            if stamp == seen && stamp != position.stamp() {
                match self.once(Some(position), true, &to).await? {
                    Some(next) => position = next,
                    None => return Ok(()),
                }
            }
            seen = stamp;
        }
    }

    /// One read: nothing if the file is as it was, else all of it. None if nobody listens any more.
    async fn once(
        &self,
        held: Option<Position>,
        live: bool,
        to: &mpsc::Sender<SourceEvent>,
    ) -> Result<Option<Position>, SourceError> {
        let stamp = self.stamp()?;
        let unchanged = match held {
            Some(held) if held.stamp() == stamp => Some(held),
            Some(held) if self.hash().await? == held.sha256 => {
                Some(Position { bytes: stamp.bytes, modified_nanos: stamp.modified_nanos, ..held })
            }
            _ => None,
        };
        let (position, sweep) = match unchanged {
            Some(position) => {
                if to.send(SourceEvent::Begin(ReadKind::Delta)).await.is_err() {
                    return Ok(None);
                }
                (position, false)
            }
            None => {
                if to.send(SourceEvent::Begin(ReadKind::Full)).await.is_err() {
                    return Ok(None);
                }
                let Some(position) = self.send_all(to).await? else { return Ok(None) };
                (position, true)
            }
        };
        let checkpoint = SourceEvent::Checkpoint { watermark: self.watermark(&position), sweep, live };
        Ok(to.send(checkpoint).await.is_ok().then_some(position))
    }
}

impl Position {
    fn stamp(&self) -> Stamp {
        Stamp { bytes: self.bytes, modified_nanos: self.modified_nanos }
    }
}

fn stamp(metadata: &Metadata) -> Stamp {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    Stamp { bytes: metadata.len(), modified_nanos: modified.unwrap_or_default().as_nanos() }
}

/// Reads the file through; runs on a thread for blocking work.
fn read_file(
    path: &Path,
    at: &str,
    wanted: &HashSet<String>,
    attributes: String,
    to: &mpsc::Sender<SourceEvent>,
) -> Result<Option<Position>, SourceError> {
    let io = |cause| SourceError::File { path: path.to_owned(), cause };
    let content = |cause: crate::Cause| SourceError::Content { path: path.to_owned(), cause };
    let file = File::open(path).map_err(io)?;
    let before = stamp(&file.metadata().map_err(io)?);
    let mut input = BufReader::with_capacity(256 * 1024, Hashing { input: file, hash: Sha256::new() });
    let mut anchors: HashSet<SourceAnchor> = HashSet::new();
    for entry in LdifReader::new(&mut input) {
        let entry = entry.map_err(|cause| content(cause.into()))?;
        let anchor = anchor(&entry)
            .ok_or_else(|| SourceError::NoAnchor { at: at.to_owned(), dn: entry.dn.clone() })?;
        if !anchors.insert(anchor.clone()) {
            return Err(content(
                format!("two entries have the anchor {anchor}; the second is '{}'", entry.dn).into(),
            ));
        }
        let attributes: Attributes = entry
            .attributes
            .iter()
            .filter(|(name, _)| wanted.contains(name.as_str()))
            .map(|(name, values)| (AttributeName::clone(name), values.to_vec()))
            .collect();
        let change =
            EntryChange { anchor, dn: Some(entry.dn), extent: Extent::Whole, attributes, links: Vec::new() };
        if to.blocking_send(SourceEvent::Change(change)).is_err() {
            return Ok(None);
        }
    }
    if anchors.is_empty() {
        return Err(SourceError::Empty { at: at.to_owned(), base: path.display().to_string() });
    }
    let sha256 = hex(&input.into_inner().hash.finalize());
    if stamp(&std::fs::metadata(path).map_err(io)?) != before {
        return Err(content("it was changed while it was read".into()));
    }
    Ok(Some(Position { bytes: before.bytes, modified_nanos: before.modified_nanos, sha256, attributes }))
}

/// `entryUUID`, else a UUID of the normalized DN.
fn anchor(entry: &SearchEntry) -> Option<SourceAnchor> {
    if entry.attributes.has("entryuuid") {
        let text = entry.attributes.text("entryuuid")?;
        return Uuid::parse_str(text).ok().map(SourceAnchor::from_uuid);
    }
    let digest = Sha256::digest(dn::normalize(&entry.dn)?);
    let octets: [u8; 16] = digest.get(..16)?.try_into().ok()?;
    Some(SourceAnchor::from_uuid(uuid::Builder::from_custom_bytes(octets).into_uuid()))
}

fn count(path: &Path) -> Result<u64, String> {
    let file = File::open(path).map_err(|error| format!("cannot open {}: {error}", path.display()))?;
    let mut entries = 0;
    for entry in LdifReader::new(BufReader::new(file)) {
        entry.map_err(|error| error.to_string())?;
        entries += 1;
    }
    Ok(entries)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Hashes what is read through it.
struct Hashing<R> {
    input: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_stable() {
        let entry = |dn: &str, uuid: Option<&str>| {
            let uuid = uuid.map(|uuid| (AttributeName::new("entryUUID"), vec![uuid.as_bytes().to_vec()]));
            SearchEntry { dn: dn.to_owned(), attributes: uuid.into_iter().collect() }
        };
        let own = "597ae2f6-16a6-1027-98f4-d28b5365dc14";
        assert_eq!(anchor(&entry("cn=a", Some(own))).unwrap().as_str(), own);
        assert_eq!(anchor(&entry("cn=a", Some("x"))), None);
        let made = anchor(&entry("cn=Ann,dc=x", None)).unwrap();
        assert_eq!(made, anchor(&entry("CN=ann , DC=x", None)).unwrap());
        assert_ne!(made, anchor(&entry("cn=Bob,dc=x", None)).unwrap());
        assert_eq!(Uuid::parse_str(made.as_str()).unwrap().get_version_num(), 8);
    }
}
