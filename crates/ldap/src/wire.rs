//! Messages on a byte stream: framing on the way in, pending octets on the way out.
//!
//! **Invariant:** [`Wire::receive`] and [`Wire::flush`] may be dropped at any await and called again without
//! losing or repeating an octet.

use crate::ber::{self, DecodeError, Frame};
use crate::message::Message;
use bytes::{Buf, BytesMut};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What a connection runs on: TCP, or TLS over it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How much the buffer grows at a time. The server's announcement alone makes nobody allocate more.
const STEP: usize = 256 * 1024;

pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    input: BytesMut,
    output: BytesMut,
    max_message_bytes: usize,
}

/// Why no message came.
pub(crate) enum WireError {
    Io(io::Error),
    /// The other side closed the stream.
    Closed,
    Decode(DecodeError),
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<DecodeError> for WireError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Stream>, max_message_bytes: usize) -> Self {
        Self { stream, input: BytesMut::new(), output: BytesMut::new(), max_message_bytes }
    }

    /// Takes the stream back, for TLS; none if the server sent more than it should have before.
    pub(crate) fn into_stream(self) -> Option<Box<dyn Stream>> {
        self.input.is_empty().then_some(self.stream)
    }

    /// Puts octets in the way out; they leave with the next [`Wire::flush`].
    pub(crate) fn push(&mut self, octets: &[u8]) {
        self.output.extend_from_slice(octets);
    }

    /// Sends what is pending.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            if self.stream.write_buf(&mut self.output).await? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        self.stream.flush().await
    }

    /// The next message. Reads from the stream only when the buffer holds no whole one.
    pub(crate) async fn receive(&mut self) -> Result<Message, WireError> {
        loop {
            match ber::frame(&self.input, self.max_message_bytes)? {
                Frame::Whole(size) => {
                    let message = self.input.get(..size).map(Message::decode);
                    self.input.advance(size);
                    if self.input.is_empty() && self.input.capacity() > 4 * STEP {
                        // A large message is rare; its buffer is not kept for the next million small ones.
                        self.input = BytesMut::new();
                    }
                    match message {
                        Some(message) => return Ok(message?),
                        None => return Err(WireError::Closed),
                    }
                }
                Frame::Needs(size) => {
                    let missing = size.saturating_sub(self.input.len());
                    self.input.reserve(missing.clamp(STEP / 4, STEP));
                    if self.stream.read_buf(&mut self.input).await? == 0 {
                        return Err(WireError::Closed);
                    }
                }
            }
        }
    }
}
