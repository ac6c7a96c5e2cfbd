//! One read: sign in, look at the position, refresh each base, then stay for what comes.

use super::csn::Csns;
use super::refresh::{Refresh, Step, Verdict};
use super::subtree::Subtree;
use super::{OpenLdapSource, SearchBase};
use crate::{EntryChange, EntryName, Extent, ReadKind, SourceError, SourceEvent, Watermark};
use futures_util::stream::{SelectAll, StreamExt, unfold};
use lockstep_ldap::ber::DecodeError;
use lockstep_ldap::sync::{SyncEvent, SyncMode, SyncRequest, SyncState};
use lockstep_ldap::{
    Connection, Filter, LdapError, ResultCode, Scope, SearchEntry, SearchRequest, SyncSearch,
};
use lockstep_model::{Dn, SourceAnchor};
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use uuid::Uuid;

/// Why a read ended before its end.
pub(super) enum Ended {
    /// Whoever took the events went away.
    NobodyListens,
    /// The source could not be read.
    Failed(SourceError),
}

impl From<SourceError> for Ended {
    fn from(error: SourceError) -> Self {
        Self::Failed(error)
    }
}

/// A base and where its read begins.
struct Part {
    base: String,
    /// Where to go on; none to read all.
    cookie: Option<Vec<u8>>,
    /// `entryUUID` of the base, where all is read and the filter names all entries.
    uuid: Option<Uuid>,
}

pub(super) async fn read(
    source: &OpenLdapSource,
    from: Option<Watermark>,
    live: bool,
    to: mpsc::Sender<SourceEvent>,
) -> Result<(), Ended> {
    let session = source.options.session();
    let cookies = match &from {
        Some(watermark) => Some(cookies(source, watermark, &session)?),
        None => None,
    };
    let mut connection = connect(source).await?;
    let mut parts = Vec::new();
    for SearchBase(base) in source.options.bases.clone() {
        let cookie = cookies.as_ref().and_then(|cookies| cookies.get(&base).cloned());
        let uuid = match cookie {
            Some(_) => None,
            None => look(source, &mut connection, &base, None).await?,
        };
        parts.push(Part { base, cookie, uuid });
    }
    let delta = from.is_some();
    send(&to, SourceEvent::Begin(if delta { ReadKind::Delta } else { ReadKind::Full })).await?;

    let run = Run { source, to: &to, below: Subtree::new(source), session, delta, several: parts.len() > 1 };
    let mut end = End { watermark: from.unwrap_or_default(), sweep: false };
    if !live {
        for part in &parts {
            run.refresh(&mut connection, part, SyncMode::RefreshOnly, &mut end).await?;
        }
        return send(&to, SourceEvent::Checkpoint { watermark: end.watermark, sweep: end.sweep, live }).await;
    }
    // Each base that stays live needs a connection of its own; the first has one already.
    let mut connections = vec![connection];
    while connections.len() < parts.len() {
        connections.push(connect(source).await?);
    }
    let mut searches = Vec::new();
    for (part, connection) in parts.iter().zip(&mut connections) {
        searches.push((part, run.refresh(connection, part, SyncMode::RefreshAndPersist, &mut end).await?));
    }
    let checkpoint = SourceEvent::Checkpoint { watermark: end.watermark.clone(), sweep: end.sweep, live };
    send(&to, checkpoint).await?;
    run.persist(searches, end.watermark).await
}

/// What stays the same during one read.
struct Run<'a> {
    source: &'a OpenLdapSource,
    to: &'a mpsc::Sender<SourceEvent>,
    below: Subtree,
    session: String,
    delta: bool,
    /// Whether there is more than one base.
    several: bool,
}

/// What the refresh of all bases comes to.
struct End {
    watermark: Watermark,
    sweep: bool,
}

/// The cookies of a watermark.
fn cookies(
    source: &OpenLdapSource,
    watermark: &Watermark,
    session: &str,
) -> Result<BTreeMap<String, Vec<u8>>, SourceError> {
    let foreign = |reason: String| SourceError::ForeignWatermark { at: source.at.clone(), reason };
    let mut cookies = BTreeMap::new();
    for SearchBase(base) in &source.options.bases {
        let held = watermark.0.get(base).ok_or_else(|| foreign(format!("'{base}' was not read before")))?;
        let cookie = held.strip_prefix(session.as_bytes()).and_then(|rest| rest.strip_prefix(b" "));
        let cookie =
            cookie.ok_or_else(|| foreign("filter, attributes or account were changed".to_owned()))?;
        cookies.insert(base.clone(), cookie.to_vec());
    }
    if let Some(base) = watermark.0.keys().find(|base| !cookies.contains_key(*base)) {
        return Err(foreign(format!("'{base}' is no search base any more")));
    }
    Ok(cookies)
}

fn stored(session: &str, cookie: &[u8]) -> Vec<u8> {
    [session.as_bytes(), b" ", cookie].concat()
}

pub(super) async fn connect(source: &OpenLdapSource) -> Result<Connection, SourceError> {
    let at = source.at.clone();
    let mut connection = match Connection::connect(&source.options.connect).await {
        Ok(connection) => connection,
        Err(cause @ LdapError::TlsSettings { .. }) => {
            return Err(SourceError::Configuration { at, problem: cause.to_string() });
        }
        Err(cause) => return Err(SourceError::Unreachable { at, cause: cause.into() }),
    };
    match connection.sign_in(&source.options.credentials).await {
        Ok(()) => Ok(connection),
        Err(cause @ (LdapError::Io { .. } | LdapError::Closed { .. } | LdapError::TimedOut { .. })) => {
            Err(SourceError::Unreachable { at, cause: cause.into() })
        }
        Err(cause @ LdapError::Decode { .. }) => Err(SourceError::Protocol { at, cause: cause.into() }),
        Err(cause) => Err(SourceError::SignIn { at, cause: cause.into() }),
    }
}

/// Looks at the base before anything of it is believed: that it is there, its `entryUUID` if it must turn up, and
/// that the server is not behind the cookie.
async fn look(
    source: &OpenLdapSource,
    connection: &mut Connection,
    base: &str,
    cookie: Option<&[u8]>,
) -> Result<Option<Uuid>, SourceError> {
    let missing = || SourceError::BaseMissing { at: source.at.clone(), base: base.to_owned() };
    let entry = entry(source, connection, base, &["entryUUID", "contextCSN"]).await?.ok_or_else(missing)?;
    let uuid = entry.attributes.text("entryuuid").and_then(|text| Uuid::parse_str(text).ok());
    let uuid = match uuid {
        Some(uuid) => Some(uuid),
        None if source.options.names_all() => {
            return Err(SourceError::NoAnchor { at: source.at.clone(), dn: base.to_owned() });
        }
        None => None,
    };
    if cookie.is_some() {
        let mut server = Csns::of_values(entry.attributes.texts("contextcsn"));
        if server.is_empty() {
            server = context_csns(source, connection, base).await?;
        }
        if server.is_empty() {
            tracing::debug!(base, "contextCSN cannot be read; the server's own check must do");
        } else {
            went_back(source, cookie, &server)?;
        }
    }
    Ok(uuid.filter(|_| source.options.names_all()))
}

/// The contextCSN of the naming context that holds the base; empty where it cannot be read.
pub(super) async fn context_csns(
    source: &OpenLdapSource,
    connection: &mut Connection,
    base: &str,
) -> Result<Csns, SourceError> {
    let root = connection.root_dse().await.map_err(|cause| failed(source, base, 0, cause))?;
    let holds = |context: &&String| {
        Dn::parse(context).is_ok_and(|context| Dn::parse(base).is_ok_and(|base| base.is_within(&context)))
    };
    let context = root.naming_contexts.iter().filter(holds).max_by_key(|context| context.len());
    let Some(context) = context else { return Ok(Csns::default()) };
    let entry = entry(source, connection, context, &["contextCSN"]).await?;
    Ok(entry.map(|entry| Csns::of_values(entry.attributes.texts("contextcsn"))).unwrap_or_default())
}

/// One entry; none where it is missing or hidden.
pub(super) async fn entry(
    source: &OpenLdapSource,
    connection: &mut Connection,
    dn: &str,
    attributes: &[&str],
) -> Result<Option<SearchEntry>, SourceError> {
    let request = SearchRequest::entry(dn, attributes);
    let found = match connection.search(request).await {
        Ok(search) => search.collect(1).await,
        Err(cause) => Err(cause),
    };
    match found {
        Ok(entries) => Ok(entries.into_iter().next()),
        Err(cause) if cause.code() == Some(ResultCode::NO_SUCH_OBJECT) => Ok(None),
        Err(cause) => Err(failed(source, dn, 0, cause)),
    }
}

/// One entry of the trees, as the filter shows it. Each base must be in sight for a missing entry to be believed.
pub(super) async fn one(
    source: &OpenLdapSource,
    name: &EntryName,
) -> Result<Option<EntryChange>, SourceError> {
    let mut connection = connect(source).await?;
    let mut attributes = source.options.attributes.clone();
    attributes.push("entryUUID".into());
    for SearchBase(base) in source.options.bases.clone() {
        look(source, &mut connection, &base, None).await?;
        let mut request = SearchRequest { attributes: attributes.clone(), ..request(source, &base) };
        match name {
            EntryName::Anchor(anchor) => {
                // An anchor that is no UUID is none of ours.
                let Ok(uuid) = Uuid::parse_str(anchor.as_str()) else { return Ok(None) };
                let filter = format!("(&{}(entryUUID={uuid}))", source.options.filter);
                request.filter = Filter::parse(&filter).map_err(|error| SourceError::Configuration {
                    at: source.at.clone(),
                    problem: error.to_string(),
                })?;
            }
            EntryName::Dn(name) => {
                let below = |name: &Dn| Dn::parse(&base).is_ok_and(|base| name.is_within(&base));
                if !Dn::parse(name).is_ok_and(|name| below(&name)) {
                    continue;
                }
                request.base.clone_from(name);
                request.scope = Scope::Base;
            }
        }
        let found = match connection.search(request).await {
            Ok(search) => search.collect(1).await,
            Err(cause) => Err(cause),
        };
        let entry = match found {
            Ok(entries) => entries.into_iter().next(),
            Err(cause) if cause.code() == Some(ResultCode::NO_SUCH_OBJECT) => None,
            Err(cause) => return Err(failed(source, &base, 0, cause)),
        };
        let Some(mut entry) = entry else { continue };
        let anchor = entry.attributes.text("entryuuid").and_then(|text| SourceAnchor::new(text).ok());
        let Some(anchor) = anchor else {
            return Err(SourceError::NoAnchor { at: source.at.clone(), dn: entry.dn });
        };
        if !source.options.attributes.iter().any(|name| name.eq_ignore_ascii_case("entryUUID")) {
            entry.attributes.take("entryuuid");
        }
        return Ok(Some(EntryChange {
            anchor,
            dn: Some(entry.dn),
            extent: Extent::Whole,
            attributes: entry.attributes,
            links: Vec::new(),
        }));
    }
    Ok(None)
}

/// Fails where our cookie knows a later change than the server.
fn went_back(source: &OpenLdapSource, cookie: Option<&[u8]>, server: &Csns) -> Result<(), SourceError> {
    let ours = cookie.map(Csns::of_cookie).unwrap_or_default();
    match ours.ahead_of(server) {
        Some((ours, theirs)) if !server.is_empty() => Err(SourceError::WentBack {
            at: source.at.clone(),
            ours: ours.to_owned(),
            theirs: theirs.unwrap_or("none").to_owned(),
        }),
        _ => Ok(()),
    }
}

async fn start<'c>(
    source: &OpenLdapSource,
    connection: &'c mut Connection,
    part: &Part,
    mode: SyncMode,
) -> Result<SyncSearch<'c>, SourceError> {
    let request = request(source, &part.base);
    let sync = SyncRequest { mode, cookie: part.cookie.clone() };
    connection.sync(&request, &sync).await.map_err(|cause| failed(source, &part.base, 0, cause))
}

fn request(source: &OpenLdapSource, base: &str) -> SearchRequest {
    SearchRequest {
        base: base.to_owned(),
        scope: Scope::Subtree,
        filter: source.options.filter.clone(),
        attributes: source.options.attributes.clone(),
        size_limit: 0,
        time_limit_seconds: 0,
        page_size: None,
    }
}

impl Run<'_> {
    async fn refresh<'c>(
        &self,
        connection: &'c mut Connection,
        part: &Part,
        mode: SyncMode,
        end: &mut End,
    ) -> Result<SyncSearch<'c>, Ended> {
        let mut search = start(self.source, connection, part, mode).await?;
        let mut refresh = Refresh::new(part.uuid, self.delta);
        let mut entries = 0_u64;
        let mut looked = part.cookie.is_none();
        loop {
            let event = match search.next().await {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(cause) => {
                    let error = stopped(self.source, part, entries, cause);
                    // Which position it has, the server says when it is asked.
                    if matches!(error, SourceError::WentBack { .. })
                        && let Err(exact @ SourceError::WentBack { .. }) = self.look_beside(part).await
                    {
                        return Err(exact.into());
                    }
                    return Err(error.into());
                }
            };
            // Where nothing changed, this search is all the work that the directory has: the server compared the
            // positions, and there is nothing to believe.
            if !looked && matches!(event, SyncEvent::Entry { .. } | SyncEvent::IdSet { .. }) {
                looked = true;
                refresh.expect(self.look_beside(part).await?);
            }
            match refresh.take(event) {
                Step::Change { anchor, entry } => {
                    entries += 1;
                    self.change(anchor, entry, self.delta).await?;
                }
                Step::Present(anchors) => send(self.to, SourceEvent::Present(anchors)).await?,
                Step::Gone(anchors) => send(self.to, SourceEvent::Gone(anchors)).await?,
                Step::Nothing => {}
                Step::Over => break,
            }
        }
        let (at, base) = (self.source.at.clone(), part.base.clone());
        let sweep = match refresh.verdict() {
            Verdict::Sweep => true,
            Verdict::Keep => false,
            Verdict::BaseUnseen => return Err(SourceError::BaseMissing { at, base }.into()),
            Verdict::Empty => return Err(SourceError::Empty { at, base }.into()),
        };
        if sweep && self.delta && self.several {
            // Not every base ran a present phase, so that "not named" means nothing. Read all from the start.
            return Err(SourceError::RefreshRequired { at }.into());
        }
        end.sweep |= sweep;
        let cookie = refresh.cookie();
        if !looked && cookie.as_deref().is_some_and(|cookie| Some(cookie) != part.cookie.as_deref()) {
            // It moved on and named nothing: was the account let see what changed?
            self.look_beside(part).await?;
        }
        if let Some(cookie) = cookie {
            went_back(self.source, part.cookie.as_deref(), &Csns::of_cookie(&cookie))?;
            end.watermark.0.insert(base, stored(&self.session, &cookie));
        }
        Ok(search)
    }

    /// Looks at the base on a connection of its own, while the first one is in the middle of the search.
    async fn look_beside(&self, part: &Part) -> Result<Option<Uuid>, SourceError> {
        let mut connection = connect(self.source).await?;
        look(self.source, &mut connection, &part.base, part.cookie.as_deref()).await
    }

    /// Passes an entry on, and what lies below it where that may have been renamed with it.
    async fn change(
        &self,
        anchor: SourceAnchor,
        entry: SearchEntry,
        with_children: bool,
    ) -> Result<(), Ended> {
        let container = with_children && self.below.may_have_children(&entry);
        let dn = container.then(|| entry.dn.clone());
        send(self.to, SourceEvent::Change(change(anchor, entry))).await?;
        match dn {
            Some(dn) => self.below.read(self.source, &dn, self.to).await,
            None => Ok(()),
        }
    }

    /// Passes on what happens, each change with its own checkpoint, until the connection ends.
    async fn persist(
        &self,
        searches: Vec<(&Part, SyncSearch<'_>)>,
        mut watermark: Watermark,
    ) -> Result<(), Ended> {
        let mut streams = SelectAll::new();
        for (part, search) in searches {
            let steps = unfold(Some(search), move |search| async move {
                let mut search = search?;
                let step = search.next().await;
                let go_on = matches!(step, Ok(Some(_)));
                Some(((part, step), go_on.then_some(search)))
            });
            streams.push(Box::pin(steps));
        }
        let mut entries = 0;
        loop {
            let next = tokio::select! {
                biased;
                () = self.to.closed() => return Err(Ended::NobodyListens),
                next = streams.next() => next,
            };
            let Some((part, step)) = next else { break };
            let event = match step {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(cause) => return Err(stopped(self.source, part, entries, cause).into()),
            };
            entries += 1;
            let Some(cookie) = self.happened(event).await? else { break };
            if let Some(cookie) = cookie {
                watermark.0.insert(part.base.clone(), stored(&self.session, &cookie));
            }
            // Without a cookie of its own a change is committed with the last one, and comes again after a break.
            let checkpoint =
                SourceEvent::Checkpoint { watermark: watermark.clone(), sweep: false, live: true };
            send(self.to, checkpoint).await?;
        }
        let cause = "the server ended the live search".into();
        Err(SourceError::Interrupted { at: self.source.at.clone(), entries, cause }.into())
    }

    /// Passes on one live event. Returns its cookie, where it has one; nothing at the end of the search.
    async fn happened(&self, event: SyncEvent) -> Result<Option<Option<Vec<u8>>>, Ended> {
        Ok(Some(match event {
            SyncEvent::Entry { state, uuid, cookie, entry } => {
                let anchor = SourceAnchor::from_uuid(uuid);
                match state {
                    SyncState::Add | SyncState::Modify => self.change(anchor, entry, true).await?,
                    SyncState::Delete => send(self.to, SourceEvent::Gone(vec![anchor])).await?,
                    SyncState::Present => {}
                }
                cookie
            }
            SyncEvent::IdSet { cookie, deletes, uuids } => {
                if deletes {
                    let anchors = uuids.into_iter().map(SourceAnchor::from_uuid).collect();
                    send(self.to, SourceEvent::Gone(anchors)).await?;
                }
                cookie
            }
            SyncEvent::NewCookie(cookie) => Some(cookie),
            SyncEvent::RefreshDelete { cookie, .. } | SyncEvent::RefreshPresent { cookie, .. } => cookie,
            // A persist search has no ordinary end: the server goes down, or was told to drop it.
            SyncEvent::Done(_) => return Ok(None),
        }))
    }
}

pub(super) fn change(anchor: SourceAnchor, entry: SearchEntry) -> EntryChange {
    EntryChange {
        anchor,
        dn: Some(entry.dn),
        extent: Extent::Whole,
        attributes: entry.attributes,
        links: Vec::new(),
    }
}

pub(super) async fn send(to: &mpsc::Sender<SourceEvent>, event: SourceEvent) -> Result<(), Ended> {
    to.send(event).await.map_err(|_| Ended::NobodyListens)
}

/// A search with a cookie failed: OpenLDAP's own word for a server that is behind, else as any search.
fn stopped(source: &OpenLdapSource, part: &Part, entries: u64, cause: LdapError) -> SourceError {
    if let (LdapError::Result { result, .. }, Some(cookie)) = (&cause, &part.cookie) {
        let behind = result.code == ResultCode(53) && result.diagnostic.contains("newer than provider");
        if behind {
            let ours = Csns::of_cookie(cookie).newest().unwrap_or("unknown").to_owned();
            return SourceError::WentBack { at: source.at.clone(), ours, theirs: "older".to_owned() };
        }
    }
    failed(source, &part.base, entries, cause)
}

/// What a failed search means for the source.
pub(super) fn failed(source: &OpenLdapSource, base: &str, entries: u64, cause: LdapError) -> SourceError {
    let at = source.at.clone();
    match cause {
        LdapError::Reference { to, .. } => SourceError::Referral { at, to },
        LdapError::Decode { cause: DecodeError::TooLarge { size, limit }, .. } => {
            SourceError::TooLarge { at, size, limit }
        }
        LdapError::Decode { .. } | LdapError::Unexpected { .. } => {
            SourceError::Protocol { at, cause: cause.into() }
        }
        LdapError::Result { ref result, .. } => match result.code {
            ResultCode::NO_SUCH_OBJECT => SourceError::BaseMissing { at, base: base.to_owned() },
            ResultCode::SIZE_LIMIT | ResultCode::ADMIN_LIMIT => SourceError::SizeLimit { at, entries },
            ResultCode::TIME_LIMIT => SourceError::TimeLimit { at, entries },
            ResultCode::REFERRAL => SourceError::Referral { at, to: result.referral.clone() },
            ResultCode::SYNC_REFRESH_REQUIRED => SourceError::RefreshRequired { at },
            ResultCode::UNAVAILABLE_CRITICAL_EXTENSION => {
                SourceError::Unsupported { at, cause: Some(cause.into()) }
            }
            ResultCode::INSUFFICIENT_ACCESS => SourceError::AccessDenied { at, cause: cause.into() },
            // busy, unavailable: the server restarts.
            ResultCode(51 | 52) => SourceError::Interrupted { at, entries, cause: cause.into() },
            _ => SourceError::Refused { at, cause: cause.into() },
        },
        cause => SourceError::Interrupted { at, entries, cause: cause.into() },
    }
}

/// Everything below an entry, with the anchor's attribute.
pub(super) fn below(source: &OpenLdapSource, dn: &str) -> SearchRequest {
    let mut request = request(source, dn);
    if !request.attributes.iter().any(|name| name.eq_ignore_ascii_case("entryUUID")) {
        request.attributes.push("entryUUID".to_owned());
    }
    request
}
