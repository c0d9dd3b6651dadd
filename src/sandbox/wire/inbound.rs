//! What a client sends: frames off the socket, then messages.

use std::io;

use pgwire::messages::DecodeContext;
use pgwire::messages::PgWireFrontendMessage;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncReadExt;
use tokio::io::BufReader;

use super::sound;
use crate::sandbox::door::Reading;

/// The longest message that is taken: many times any statement that the server takes. What is longer is
/// read to its end and thrown away.
const LONGEST: usize = 16 << 20;

/// How much of a message that is thrown away is held at once.
const AT_ONCE: usize = 64 << 10;

/// The longest start-up message; PostgreSQL's own limit.
const LONGEST_START: usize = 10_000;

/// The way from a client.
pub(super) struct Inbound {
    socket: BufReader<Reading>,
    context: DecodeContext,
}

/// The first message of a connection: a number, and what follows it.
#[derive(Debug)]
pub(super) struct First {
    /// The protocol's version, or what else is asked for.
    pub(super) code: i32,
    /// The whole message.
    pub(super) frame: Vec<u8>,
}

/// A message of a session.
#[derive(Debug)]
pub(super) enum Incoming {
    /// One that was read.
    Message(PgWireFrontendMessage),
    /// One that was too long, by its letter.
    TooLong(u8),
}

impl Inbound {
    pub(super) fn new(socket: Reading) -> Self {
        let mut context = DecodeContext::default();
        context.awaiting_frontend_ssl = false;
        context.awaiting_frontend_startup = false;
        Self { socket: BufReader::new(socket), context }
    }

    /// Reads a message that has no type: those before a session.
    pub(super) async fn first(&mut self) -> io::Result<First> {
        let length = self.socket.read_i32().await?;
        let body = usize::try_from(length).ok().and_then(|length| length.checked_sub(4));
        let body = body.filter(|body| (4..=LONGEST_START).contains(body));
        let mut frame = length.to_be_bytes().to_vec();
        self.fill(&mut frame, body.ok_or_else(malformed)?).await?;
        let code = frame.get(4..8).and_then(|code| code.try_into().ok()).ok_or_else(malformed)?;
        Ok(First { code: i32::from_be_bytes(code), frame })
    }

    /// Reads the next message of a session; `None` once the client is gone.
    ///
    /// # Errors
    /// Those of the socket; `InvalidData` for what is no message.
    pub(super) async fn message(&mut self) -> io::Result<Option<Incoming>> {
        let kind = match self.socket.read_u8().await {
            Ok(kind) => kind,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = self.socket.read_i32().await?;
        let body = usize::try_from(length).ok().and_then(|length| length.checked_sub(4));
        let body = body.ok_or_else(malformed)?;
        if body > LONGEST {
            self.skip(body).await?;
            return Ok(Some(Incoming::TooLong(kind)));
        }
        let mut frame = vec![kind];
        frame.extend(length.to_be_bytes());
        self.fill(&mut frame, body).await?;
        if !frame.get(5..).is_some_and(|body| sound::is_sound(kind, body)) {
            return Err(malformed());
        }
        let read = PgWireFrontendMessage::decode(&mut frame.as_slice().into(), &self.context);
        let read = read.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        read.ok_or_else(malformed).map(|message| Some(Incoming::Message(message)))
    }

    /// Waits until the client has gone away; for ever where it has more to say.
    ///
    /// # Cancel
    /// Safe: what was read is kept for the next message.
    pub(super) async fn gone(&mut self) {
        if !self.socket.buffer().is_empty() {
            return std::future::pending().await;
        }
        match self.socket.fill_buf().await {
            Ok([]) | Err(_) => {}
            Ok(_) => std::future::pending().await,
        }
    }

    /// Reads and throws away.
    async fn skip(&mut self, mut more: usize) -> io::Result<()> {
        let mut piece = vec![0; AT_ONCE];
        while more > 0 {
            let want = more.min(AT_ONCE);
            let read = self.socket.read(piece.get_mut(..want).unwrap_or_default()).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            more -= read;
        }
        Ok(())
    }

    async fn fill(&mut self, frame: &mut Vec<u8>, more: usize) -> io::Result<()> {
        let more = u64::try_from(more).map_err(|_| malformed())?;
        // Grows as bytes arrive: a length that lies costs no memory.
        let read = (&mut self.socket).take(more).read_to_end(frame).await?;
        if u64::try_from(read).is_ok_and(|read| read == more) {
            return Ok(());
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a message of a client is malformed")
}
