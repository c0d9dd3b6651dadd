//! A client that writes messages and reads them, for what no library sends.

use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// The version of the protocol.
const VERSION: u32 = 196_608;

/// A connection.
pub(crate) struct Wire {
    socket: TcpStream,
}

/// A message: its letter, its length, what it says.
pub(crate) fn message(letter: u8, says: &[u8]) -> Vec<u8> {
    let length = u32::try_from(says.len() + 4).expect("short").to_be_bytes();
    [&[letter], &length[..], says].concat()
}

/// A text as messages have it.
fn text(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\0"].concat()
}

/// A list with its length before it.
fn listed(items: &[Vec<u8>]) -> Vec<u8> {
    let count = i16::try_from(items.len()).expect("few").to_be_bytes();
    [&count[..], &items.concat()].concat()
}

/// A simple query.
pub(crate) fn query(sql: &str) -> Vec<u8> {
    message(b'Q', &text(sql))
}

/// Parse, of a name.
pub(crate) fn parse(name: &str, sql: &str) -> Vec<u8> {
    message(b'P', &[text(name), text(sql), listed(&[])].concat())
}

/// Bind of texts to a statement, as a portal; `formats` are those of the columns.
pub(crate) fn bind(portal: &str, name: &str, values: &[Option<&str>], formats: &[i16]) -> Vec<u8> {
    let value = |value: &Option<&str>| match value {
        None => (-1_i32).to_be_bytes().to_vec(),
        Some(value) => {
            [&i32::try_from(value.len()).expect("short").to_be_bytes()[..], value.as_bytes()].concat()
        }
    };
    let values: Vec<Vec<u8>> = values.iter().map(value).collect();
    let formats: Vec<Vec<u8>> = formats.iter().map(|format| format.to_be_bytes().to_vec()).collect();
    message(b'B', &[text(portal), text(name), listed(&[]), listed(&values), listed(&formats)].concat())
}

/// Describe of a statement (`S`) or a portal (`P`).
pub(crate) fn describe(what: u8, name: &str) -> Vec<u8> {
    message(b'D', &[vec![what], text(name)].concat())
}

/// Execute of a portal; 0 means all rows.
pub(crate) fn execute(portal: &str, rows: i32) -> Vec<u8> {
    message(b'E', &[text(portal), rows.to_be_bytes().to_vec()].concat())
}

/// Close of a statement (`S`) or a portal (`P`).
pub(crate) fn close(what: u8, name: &str) -> Vec<u8> {
    message(b'C', &[vec![what], text(name)].concat())
}

/// Sync.
pub(crate) fn sync() -> Vec<u8> {
    message(b'S', b"")
}

/// Data that is copied in.
pub(crate) fn copy_data(data: &str) -> Vec<u8> {
    message(b'd', data.as_bytes())
}

/// The end of it.
pub(crate) fn copy_done() -> Vec<u8> {
    message(b'c', b"")
}

/// Parse, Bind and Execute of a statement, nameless.
pub(crate) fn extended(sql: &str) -> Vec<u8> {
    [parse("", sql), bind("", "", &[], &[]), execute("", 0)].concat()
}

impl Wire {
    /// Connects with parameters of the start-up message.
    pub(crate) async fn connect(address: SocketAddr, parameters: &[(String, String)]) -> Self {
        let mut socket = TcpStream::connect(address).await.expect("it connects");
        let pairs = parameters.iter().flat_map(|(name, value)| [text(name), text(value)]);
        let startup = [VERSION.to_be_bytes().to_vec(), pairs.collect::<Vec<_>>().concat(), vec![0]].concat();
        let length = u32::try_from(startup.len() + 4).expect("short").to_be_bytes();
        socket.write_all(&[&length[..], &startup].concat()).await.expect("sent");
        let mut wire = Self { socket };
        let told = wire.told(1).await;
        assert!(!told.contains("error"), "{told}");
        wire
    }

    /// Connects as the user `materialize`.
    pub(crate) async fn materialize(address: SocketAddr) -> Self {
        Self::connect(address, &[("user".to_owned(), "materialize".to_owned())]).await
    }

    /// Sends messages and reads up to where the server is ready so many times; tells what it said, a
    /// line a message.
    pub(crate) async fn exchange(&mut self, messages: &[Vec<u8>], ready: usize) -> String {
        self.socket.write_all(&messages.concat()).await.expect("sent");
        self.told(ready).await
    }

    async fn told(&mut self, ready: usize) -> String {
        let mut lines = Vec::new();
        let mut left = ready;
        while left > 0 {
            let letter = self.socket.read_u8().await.expect("a message");
            let length = self.socket.read_u32().await.expect("a length");
            let mut says = vec![0; usize::try_from(length).expect("short") - 4];
            self.socket.read_exact(&mut says).await.expect("a message");
            left -= usize::from(letter == b'Z');
            lines.extend(line(letter, &says));
        }
        lines.join("\n")
    }
}

/// What a message says, in words; `None` for what every connection begins with.
fn line(letter: u8, says: &[u8]) -> Option<String> {
    let words = |says: &[u8]| String::from_utf8_lossy(says.strip_suffix(b"\0").unwrap_or(says)).into_owned();
    Some(match letter {
        b'R' | b'S' | b'K' => return None,
        b'T' => format!("columns {}", columns(says)),
        b't' => format!("parameters {}", oids(says)).trim_end().to_owned(),
        b'D' => format!("| {}", values(says)),
        b'C' => words(says),
        b'E' => format!("error {}", fields(says)),
        b'N' => format!("notice {}", fields(says)),
        b'1' => "parsed".to_owned(),
        b'2' => "bound".to_owned(),
        b'3' => "closed".to_owned(),
        b'n' => "no data".to_owned(),
        b's' => "suspended".to_owned(),
        b'I' => "empty".to_owned(),
        b'G' => "copy in".to_owned(),
        b'H' => "copy out".to_owned(),
        b'd' => format!("data {}", words(says).trim_end_matches('\n')),
        b'c' => "copied".to_owned(),
        b'Z' => match says {
            b"I" => return None,
            b"T" => "in a transaction".to_owned(),
            _ => "in a failed transaction".to_owned(),
        },
        other => format!("message {}", char::from(other)),
    })
}

/// The end of a text in a message, and what stands behind it.
fn cut(says: &[u8]) -> (String, &[u8]) {
    let end = says.iter().position(|byte| *byte == 0).unwrap_or(says.len());
    let behind = says.get(end + 1..).unwrap_or_default();
    (String::from_utf8_lossy(&says[..end]).into_owned(), behind)
}

/// The names of columns.
fn columns(says: &[u8]) -> String {
    let mut names = Vec::new();
    let mut rest = &says[2..];
    while !rest.is_empty() {
        let (name, behind) = cut(rest);
        names.push(name);
        rest = &behind[18..];
    }
    names.join(" | ")
}

fn oids(says: &[u8]) -> String {
    let oid = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().expect("four bytes")).to_string();
    says[2..].chunks(4).map(oid).collect::<Vec<_>>().join(" ")
}

/// The values of a row, as texts.
fn values(says: &[u8]) -> String {
    let mut found = Vec::new();
    let mut rest = &says[2..];
    while let Some((head, behind)) = rest.split_first_chunk::<4>() {
        match usize::try_from(i32::from_be_bytes(*head)) {
            Err(_) => {
                found.push("NULL".to_owned());
                rest = behind;
            }
            Ok(length) => {
                found.push(String::from_utf8_lossy(&behind[..length]).replace('\n', "\\n"));
                rest = &behind[length..];
            }
        }
    }
    found.join(" | ")
}

/// The code and the words of an error or a notice.
fn fields(says: &[u8]) -> String {
    let (mut code, mut words) = (String::new(), String::new());
    let mut rest = says;
    while let Some((letter, behind)) = rest.split_first().filter(|(letter, _)| **letter != 0) {
        let (value, behind) = cut(behind);
        match letter {
            b'C' => code = value,
            b'M' => words = value,
            _ => {}
        }
        rest = behind;
    }
    format!("{code} {words}")
}
