//! Running searches: plain and paged ones, and content synchronization.

use crate::connection::Connection;
use crate::error::{LdapError, ResultCode};
use crate::message::{Response, SearchEntry};
use crate::request::{self, Control, SearchRequest};
use crate::sync::{self, SyncEvent, SyncMode, SyncRequest};

const SEARCHING: &str = "searching";
const SYNCHRONIZING: &str = "synchronizing";

/// Pages without an entry that are taken one after another. A server that sends more is not getting anywhere.
const MAX_EMPTY_PAGES: u32 = 1_000;

/// A search that runs. Dropped before its end it is abandoned.
#[derive(Debug)]
pub struct Search<'c> {
    connection: &'c mut Connection,
    request: SearchRequest,
    id: u32,
    finished: bool,
    empty_pages: u32,
}

impl<'c> Search<'c> {
    pub(crate) async fn start(
        connection: &'c mut Connection,
        request: SearchRequest,
    ) -> Result<Self, LdapError> {
        let mut search = Self { connection, request, id: 0, finished: true, empty_pages: 0 };
        search.ask(&[]).await?;
        Ok(search)
    }

    async fn ask(&mut self, cookie: &[u8]) -> Result<(), LdapError> {
        self.id = self.connection.next_id()?;
        let controls: Vec<_> =
            self.request.page_size.iter().map(|size| Control::page(*size, cookie)).collect();
        let octets = request::search(self.id, &self.request, &controls);
        self.finished = false;
        self.connection.send(&octets, SEARCHING).await
    }

    /// The next entry; none after the last one, when the server has said that there are no more.
    ///
    /// # Errors
    /// [`LdapError::Result`] for every result but success, size and time limits included;
    /// [`LdapError::Reference`] where a part lies on another server; whatever breaks the connection. After an
    /// error, what was read before is not the whole.
    pub async fn next(&mut self) -> Result<Option<SearchEntry>, LdapError> {
        if self.finished {
            return Ok(None);
        }
        loop {
            let wait = self.connection.timeouts().idle;
            let Some(message) = self.connection.receive(self.id, wait).await? else {
                return Err(self.connection.timed_out(SEARCHING, wait));
            };
            match message.response {
                Response::Entry(entry) => {
                    self.empty_pages = 0;
                    return Ok(Some(entry));
                }
                Response::Done(result) => {
                    self.finished = true;
                    self.connection.success(result, SEARCHING)?;
                    match message.controls.page {
                        Some(cookie) if self.request.page_size.is_some() && !cookie.is_empty() => {
                            self.empty_pages += 1;
                            if self.empty_pages > MAX_EMPTY_PAGES {
                                return Err(self.connection.unexpected("empty pages without end", SEARCHING));
                            }
                            self.ask(&cookie).await?;
                        }
                        _ => return Ok(None),
                    }
                }
                Response::Reference(to) => {
                    return Err(LdapError::Reference { at: self.connection.at().to_owned(), to });
                }
                Response::Intermediate { .. } => {}
                _ => return Err(self.connection.unexpected("another response", SEARCHING)),
            }
        }
    }

    /// All that is left, for searches with few entries.
    ///
    /// # Errors
    /// As [`Search::next`]; [`LdapError::Unexpected`] where there are more than `most`.
    pub async fn collect(mut self, most: usize) -> Result<Vec<SearchEntry>, LdapError> {
        let mut entries = Vec::new();
        while let Some(entry) = self.next().await? {
            if entries.len() >= most {
                return Err(self.connection.unexpected("more entries than expected", SEARCHING));
            }
            entries.push(entry);
        }
        Ok(entries)
    }
}

impl Drop for Search<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.connection.leave(self.id);
        }
    }
}

/// A content synchronization that runs (RFC 4533). Dropped before its end it is abandoned.
#[derive(Debug)]
pub struct SyncSearch<'c> {
    connection: &'c mut Connection,
    id: u32,
    finished: bool,
    /// The refresh stage is over and the server sends changes as they happen.
    persisting: bool,
    /// The id of the question whether the server is still there.
    probe: Option<u32>,
}

impl<'c> SyncSearch<'c> {
    pub(crate) async fn start(
        connection: &'c mut Connection,
        request: &SearchRequest,
        sync: &SyncRequest,
    ) -> Result<Self, LdapError> {
        let id = connection.next_id()?;
        let octets = request::search(id, request, &[Control::sync(sync)]);
        let search = Self { connection, id, finished: false, persisting: false, probe: None };
        search.connection.send(&octets, SYNCHRONIZING).await?;
        Ok(search)
    }

    /// The next event; none after [`SyncEvent::Done`]. May be dropped while it waits, and called again.
    ///
    /// In the persist stage the server may be silent for ever: after [`crate::Timeouts::probe_after`] it is
    /// asked for its rootDSE, and an answer must come within [`crate::Timeouts::operation`].
    ///
    /// # Errors
    /// [`LdapError::Result`] for every result but success; [`LdapError::Reference`] where a part lies on another
    /// server; whatever breaks the connection.
    pub async fn next(&mut self) -> Result<Option<SyncEvent>, LdapError> {
        if self.finished {
            return Ok(None);
        }
        loop {
            let timeouts = *self.connection.timeouts();
            let wait = match (self.persisting, self.probe) {
                (false, _) => timeouts.idle,
                (true, None) => timeouts.probe_after,
                (true, Some(_)) => timeouts.operation,
            };
            let Some(message) = self.connection.receive(self.id, wait).await? else {
                if !self.persisting || self.probe.is_some() {
                    return Err(self.connection.timed_out(SYNCHRONIZING, wait));
                }
                self.ask_for_life().await?;
                continue;
            };
            if message.id != self.id {
                // Any answer to the probe, a refusal too, shows that the server is there.
                if matches!(message.response, Response::Done(_)) {
                    self.probe = None;
                }
                continue;
            }
            let event = match message.response {
                Response::Entry(entry) => {
                    let Some(state) = message.controls.sync_state else {
                        return Err(self.connection.unexpected("an entry without sync state", SYNCHRONIZING));
                    };
                    SyncEvent::Entry { state: state.state, uuid: state.uuid, cookie: state.cookie, entry }
                }
                Response::Intermediate { name, value } if name.as_deref() == Some(sync::INFO_MESSAGE) => {
                    match sync::decode_info(value.as_deref().unwrap_or_default()) {
                        Ok(event) => event,
                        Err(cause) => return Err(self.connection.undecodable(cause)),
                    }
                }
                Response::Intermediate { .. } => continue,
                Response::Done(result) => {
                    self.finished = true;
                    self.connection.success(result, SYNCHRONIZING)?;
                    // A server that passes over the request control answers as if nothing had changed.
                    let Some(done) = message.controls.sync_done else {
                        return Err(self.connection.unexpected("an end without sync done", SYNCHRONIZING));
                    };
                    SyncEvent::Done(done)
                }
                Response::Reference(to) => {
                    return Err(LdapError::Reference { at: self.connection.at().to_owned(), to });
                }
                _ => return Err(self.connection.unexpected("another response", SYNCHRONIZING)),
            };
            if let SyncEvent::RefreshDelete { done: true, .. }
            | SyncEvent::RefreshPresent { done: true, .. } = event
            {
                self.persisting = true;
            }
            return Ok(Some(event));
        }
    }

    async fn ask_for_life(&mut self) -> Result<(), LdapError> {
        let id = self.connection.next_id()?;
        self.probe = Some(id);
        let octets = request::search(id, &SearchRequest::entry("", &["1.1"]), &[]);
        self.connection.send(&octets, SYNCHRONIZING).await
    }
}

impl Drop for SyncSearch<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.connection.leave(self.id);
        }
    }
}

impl SyncMode {
    /// Whether a search in this mode goes on after the refresh.
    pub fn persists(self) -> bool {
        self == Self::RefreshAndPersist
    }
}

impl ResultCode {
    /// Whether the server stopped a search before its end.
    pub fn is_limit(self) -> bool {
        matches!(self, Self::TIME_LIMIT | Self::SIZE_LIMIT | Self::ADMIN_LIMIT)
    }
}
