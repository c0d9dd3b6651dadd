//! Another service for recipes to call: HTTP on a real socket, with answers that a test scripts.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::RUNTIME;

/// A request as it came: its head and its body.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The first line and the headers.
    pub(crate) head: String,
    /// What came behind them.
    pub(crate) body: String,
}

#[derive(Default)]
struct State {
    answers: VecDeque<String>,
    asked: Vec<Asked>,
}

/// A service that answers what it was told to, in order; the last answer again and again.
pub(crate) struct Service {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    listening: JoinHandle<()>,
}

impl Service {
    /// A service with some answers, each a whole response; one without any never answers.
    pub(crate) fn new(answers: &[&str]) -> Self {
        let state =
            State { answers: answers.iter().map(|answer| (*answer).to_owned()).collect(), asked: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let shared = Arc::clone(&state);
        let listening = RUNTIME.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state, listening }
    }

    /// A response with a status and a body.
    pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
    }

    /// Where it is: `http://127.0.0.1:…`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What came, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().expect("nobody panics with it").asked.clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    while let Some(asked) = read(&mut stream).await {
        let answer = {
            let mut state = state.lock().expect("nobody panics with it");
            state.asked.push(asked);
            match state.answers.len() {
                0 => None,
                1 => state.answers.front().cloned(),
                _ => state.answers.pop_front(),
            }
        };
        let Some(answer) = answer else { return std::future::pending().await };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let length: usize = length.unwrap_or(0);
    while bytes.len() < end + 4 + length {
        stream.read_buf(&mut bytes).await.ok()?;
    }
    let body = String::from_utf8_lossy(&bytes[end + 4..end + 4 + length]).into_owned();
    Some(Asked { head, body })
}
