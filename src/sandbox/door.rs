//! How clients come in: through a socket, or from inside of this process, without one.
//!
//! From inside, nothing but the tasks of this process moves a byte: whoever watches them knows when all of
//! them wait.

use std::io;
use std::sync::Arc;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// What a client sends.
pub(crate) type Reading = Box<dyn AsyncRead + Send + Unpin>;

/// What goes back.
pub(crate) type Writing = Box<dyn AsyncWrite + Send + Unpin>;

/// How many bytes are on their way from inside at most; a writer waits for its reader then.
const ON_THE_WAY: usize = 256 * 1024;

/// How many may stand before the door; more wait.
const BEFORE_THE_DOOR: usize = 64;

/// A client that has come in.
pub(crate) struct Caller {
    /// What it sends.
    pub(crate) from: Reading,
    /// What goes back to it.
    pub(crate) to: Writing,
}

/// Where clients come in.
#[derive(Debug)]
pub(crate) enum Door {
    /// A socket.
    Socket(TcpListener),
    /// The ways from inside.
    Inside(mpsc::Receiver<DuplexStream>),
}

/// A way in from inside of this process; clones lead to the same server.
#[derive(Clone, Debug)]
pub struct Way(Arc<mpsc::Sender<DuplexStream>>);

impl Door {
    /// A door for this process alone.
    pub(crate) fn inside() -> (Self, Way) {
        let (sender, receiver) = mpsc::channel(BEFORE_THE_DOOR);
        (Self::Inside(receiver), Way(Arc::new(sender)))
    }

    /// The next client.
    ///
    /// # Errors
    /// Those of the socket.
    pub(crate) async fn next(&mut self) -> io::Result<Caller> {
        match self {
            Self::Socket(listener) => {
                let (socket, _) = listener.accept().await?;
                // Small answers are to go out at once; without it everything still works.
                let _ = socket.set_nodelay(true);
                let (from, to) = socket.into_split();
                Ok(Caller { from: Box::new(from), to: Box::new(to) })
            }
            Self::Inside(callers) => match callers.recv().await {
                Some(stream) => {
                    let (from, to) = tokio::io::split(stream);
                    Ok(Caller { from: Box::new(from), to: Box::new(to) })
                }
                // Nobody is left who could come.
                None => std::future::pending().await,
            },
        }
    }
}

impl Way {
    /// Goes in: the client's end of a connection.
    ///
    /// # Errors
    /// `NotConnected` once the server has ended.
    pub async fn open(&self) -> io::Result<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(ON_THE_WAY);
        let entered = self.0.send(theirs).await;
        entered.map_err(|_| io::Error::from(io::ErrorKind::NotConnected)).map(|()| ours)
    }
}
