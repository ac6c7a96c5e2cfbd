//! One connection to a directory: TCP, TLS, sign-in, and the exchange of messages for the searches.
//!
//! One operation at a time; a [`crate::Search`] borrows the connection while it runs. A search that is dropped
//! before its end is abandoned with the next operation, and what still comes of it is passed over.

use crate::ber::DecodeError;
use crate::error::{LdapError, ResultCode, ServerResult};
use crate::message::{Message, Response};
use crate::options::{ConnectOptions, Credentials, Security, Timeouts};
use crate::request::{self, SearchRequest};
use crate::rootdse::RootDse;
use crate::search::{Search, SyncSearch};
use crate::sync::SyncRequest;
use crate::tls;
use crate::wire::{Stream, Wire, WireError};
use secrecy::ExposeSecret;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// A connection, signed in or not.
pub struct Connection {
    wire: Wire,
    at: String,
    timeouts: Timeouts,
    /// The id of the last request. Responses to older ones are passed over.
    last_id: u32,
    /// A search that nobody reads any more.
    unfinished: Option<u32>,
    /// The stream is at an unknown place; nothing more can be done with it.
    broken: bool,
    /// Whether a password may be sent: encrypted, to this machine, or allowed.
    may_send_password: bool,
}

impl Connection {
    /// Connects, with TLS where the options say so, and does not sign in.
    ///
    /// # Errors
    /// [`LdapError::Resolve`], [`LdapError::Connect`], [`LdapError::Tls`], [`LdapError::TlsSettings`],
    /// [`LdapError::TimedOut`]; for StartTLS what the server says against it.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, LdapError> {
        let at = options.endpoint.to_string();
        let after = options.timeouts.connect;
        match timeout(after, Self::establish(options, at.clone())).await {
            Ok(result) => result,
            Err(_) => Err(LdapError::TimedOut { at, doing: "connecting", after }),
        }
    }

    async fn establish(options: &ConnectOptions, at: String) -> Result<Self, LdapError> {
        let (stream, peer) = tcp(options, &at).await?;
        let plain: Box<dyn Stream> = Box::new(stream);
        let endpoint = &options.endpoint;
        let encrypted = endpoint.security != Security::Plain;
        let connection = |stream| Self {
            wire: Wire::new(stream, options.max_message_bytes),
            at: at.clone(),
            timeouts: options.timeouts,
            last_id: 0,
            unfinished: None,
            broken: false,
            may_send_password: encrypted || peer.ip().is_loopback() || options.allow_plaintext_bind,
        };
        let plain = match endpoint.security {
            Security::Plain => return Ok(connection(plain)),
            Security::Tls => plain,
            Security::StartTls => {
                let mut before = connection(plain);
                before.start_tls().await?;
                // Octets sent before the handshake would be taken for protected ones.
                before.wire.into_stream().ok_or_else(|| LdapError::Unexpected {
                    at: at.clone(),
                    what: "data before the TLS handshake",
                    doing: "starting TLS",
                })?
            }
        };
        let (config, name) = tls::client(options)?;
        let stream = TlsConnector::from(config).connect(name, plain).await;
        let stream = stream.map_err(|cause| LdapError::Tls { at: at.clone(), cause })?;
        Ok(connection(Box::new(stream)))
    }

    async fn start_tls(&mut self) -> Result<(), LdapError> {
        const DOING: &str = "starting TLS";
        let id = self.next_id()?;
        match self.exchange(id, &request::start_tls(id), DOING).await? {
            Response::Extended { result, .. } => self.success(result, DOING),
            _ => Err(self.unexpected("another response", DOING)),
        }
    }

    /// Signs in.
    ///
    /// # Errors
    /// [`LdapError::PlaintextBind`] and [`LdapError::EmptyPassword`] before anything is sent;
    /// [`LdapError::Result`] with what the server says.
    pub async fn sign_in(&mut self, credentials: &Credentials) -> Result<(), LdapError> {
        const DOING: &str = "signing in";
        let id = self.next_id()?;
        let request = match credentials {
            Credentials::Anonymous => request::simple_bind(id, "", ""),
            Credentials::Simple { dn, password } => {
                if password.expose_secret().is_empty() {
                    return Err(LdapError::EmptyPassword { dn: dn.clone() });
                }
                if !self.may_send_password {
                    return Err(LdapError::PlaintextBind { at: self.at.clone() });
                }
                request::simple_bind(id, dn, password.expose_secret())
            }
            Credentials::External { authorization_id } => {
                request::external_bind(id, authorization_id.as_deref())
            }
        };
        match self.exchange(id, &request, DOING).await? {
            Response::Bind(result) => self.success(result, DOING),
            _ => Err(self.unexpected("another response", DOING)),
        }
    }

    /// Connects and signs in.
    ///
    /// # Errors
    /// As [`Connection::connect`] and [`Connection::sign_in`].
    pub async fn open(options: &ConnectOptions, credentials: &Credentials) -> Result<Self, LdapError> {
        let mut connection = Self::connect(options).await?;
        connection.sign_in(credentials).await?;
        Ok(connection)
    }

    /// Starts a search. Entries are read from the socket only as [`Search::next`] takes them.
    ///
    /// # Errors
    /// Where the request cannot be sent.
    pub async fn search(&mut self, request: SearchRequest) -> Result<Search<'_>, LdapError> {
        Search::start(self, request).await
    }

    /// Starts a content synchronization.
    ///
    /// # Errors
    /// Where the request cannot be sent.
    pub async fn sync(
        &mut self,
        request: &SearchRequest,
        sync: &SyncRequest,
    ) -> Result<SyncSearch<'_>, LdapError> {
        SyncSearch::start(self, request, sync).await
    }

    /// Reads what the server says of itself.
    ///
    /// # Errors
    /// As any search.
    pub async fn root_dse(&mut self) -> Result<RootDse, LdapError> {
        RootDse::read(self).await
    }

    /// Says goodbye (RFC 4511 section 4.3) and closes. A server that does not listen any more is no error.
    pub async fn close(mut self) {
        if let Ok(id) = self.next_id() {
            self.wire.push(&request::unbind(id));
            let _ = timeout(Duration::from_secs(1), self.wire.flush()).await;
        }
    }

    /// The server's URL, for messages.
    pub fn at(&self) -> &str {
        &self.at
    }

    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// The id for a new request. Abandons a search that was left unfinished.
    pub(crate) fn next_id(&mut self) -> Result<u32, LdapError> {
        // RFC 4511 section 4.1.1.1: at most 2^31 - 1. A connection does not live that long; were it to, a new
        // one starts over.
        if self.broken || self.last_id >= i32::MAX as u32 - 1 {
            return Err(LdapError::Broken { at: self.at.clone() });
        }
        if let Some(abandoned) = self.unfinished.take() {
            self.last_id += 1;
            self.wire.push(&request::abandon(self.last_id, abandoned));
        }
        self.last_id += 1;
        Ok(self.last_id)
    }

    /// Remembers a search to abandon.
    pub(crate) fn leave(&mut self, id: u32) {
        self.unfinished = Some(id);
    }

    /// Sends a request.
    pub(crate) async fn send(&mut self, request: &[u8], doing: &'static str) -> Result<(), LdapError> {
        let after = self.timeouts.operation;
        self.wire.push(request);
        match timeout(after, self.wire.flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(cause)) => {
                self.broken = true;
                Err(LdapError::Io { at: self.at.clone(), cause })
            }
            Err(_) => {
                self.broken = true;
                Err(LdapError::TimedOut { at: self.at.clone(), doing, after })
            }
        }
    }

    /// The next message whose id is `oldest` or newer; none if `wait` passes without one.
    pub(crate) async fn receive(
        &mut self,
        oldest: u32,
        wait: Duration,
    ) -> Result<Option<Message>, LdapError> {
        loop {
            let message = match timeout(wait, self.wire.receive()).await {
                Ok(Ok(message)) => message,
                Ok(Err(error)) => return Err(self.broken(error)),
                Err(_) => return Ok(None),
            };
            match message {
                Message { id: 0, response: Response::Extended { result, .. }, .. } => {
                    self.broken = true;
                    return Err(LdapError::Disconnected { at: self.at.clone(), result });
                }
                Message { id, .. } if id > self.last_id => {
                    self.broken = true;
                    return Err(self.unexpected("an answer to nothing that was asked", "reading"));
                }
                Message { id, .. } if id < oldest => {}
                message => return Ok(Some(message)),
            }
        }
    }

    /// Sends a request and waits for its one response.
    async fn exchange(
        &mut self,
        id: u32,
        request: &[u8],
        doing: &'static str,
    ) -> Result<Response, LdapError> {
        self.send(request, doing).await?;
        let after = self.timeouts.operation;
        match self.receive(id, after).await? {
            Some(message) => Ok(message.response),
            None => Err(self.timed_out(doing, after)),
        }
    }

    pub(crate) fn timed_out(&mut self, doing: &'static str, after: Duration) -> LdapError {
        self.broken = true;
        LdapError::TimedOut { at: self.at.clone(), doing, after }
    }

    pub(crate) fn unexpected(&self, what: &'static str, doing: &'static str) -> LdapError {
        LdapError::Unexpected { at: self.at.clone(), what, doing }
    }

    pub(crate) fn undecodable(&mut self, cause: DecodeError) -> LdapError {
        self.broken(WireError::Decode(cause))
    }

    pub(crate) fn success(&self, result: ServerResult, doing: &'static str) -> Result<(), LdapError> {
        if result.code == ResultCode::SUCCESS {
            return Ok(());
        }
        Err(LdapError::Result { at: self.at.clone(), doing, result })
    }

    fn broken(&mut self, error: WireError) -> LdapError {
        self.broken = true;
        let at = self.at.clone();
        match error {
            WireError::Io(cause) => LdapError::Io { at, cause },
            WireError::Closed => LdapError::Closed { at },
            WireError::Decode(cause) => LdapError::Decode { at, cause },
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("at", &self.at)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

/// A TCP connection to the first address that answers.
async fn tcp(options: &ConnectOptions, at: &str) -> Result<(TcpStream, SocketAddr), LdapError> {
    let endpoint = &options.endpoint;
    let addresses = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port)).await;
    let addresses = addresses.map_err(|cause| LdapError::Resolve { at: at.to_owned(), cause })?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        let attempt = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            // A peer that vanished without a word is noticed by the system as well, within two minutes.
            let keepalive =
                TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15));
            SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
            Ok(stream)
        };
        match attempt.await {
            Ok(stream) => return Ok((stream, address)),
            Err(error) => last = error,
        }
    }
    Err(LdapError::Connect { at: at.to_owned(), cause: last })
}
