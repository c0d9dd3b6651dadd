//! Clients of a sandbox: drivers, and sockets without one.

use std::net::SocketAddr;

use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_postgres::CancelToken;
use tokio_postgres::Client;
use tokio_postgres::Config;
use tokio_postgres::NoTls;
use tokio_postgres::SimpleQueryMessage;

use super::PATIENCE;

/// Starts a sandbox.
pub(crate) async fn start(options: Options) -> Server {
    Server::start(options).await.expect("the sandbox starts")
}

/// How to connect to it.
pub(crate) fn config(address: SocketAddr) -> Config {
    let mut config = Config::new();
    config.host(address.ip().to_string()).port(address.port()).user("materialize").dbname("materialize");
    config
}

/// Connects.
pub(crate) async fn connect_with(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(client)
}

/// Connects as the usual user.
pub(crate) async fn connect(server: &Server) -> Client {
    connect_with(&config(server.address())).await.expect("it connects")
}

/// The first column of the rows that a text answers.
pub(crate) async fn column(client: &Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
        _ => None,
    });
    rows.collect()
}

/// The SQLSTATE with which a text fails; `closed` where the connection ends.
pub(crate) async fn code(client: &Client, sql: &str) -> String {
    match client.simple_query(sql).await {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.code().map_or("closed".to_owned(), |code| code.code().to_owned()),
    }
}

/// Asks for the end of a statement until it has ended; what it came to.
pub(crate) async fn cancelled(token: &CancelToken, waiting: JoinHandle<String>) -> String {
    let ended = async {
        while !waiting.is_finished() {
            token.cancel_query(NoTls).await.expect("asked");
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("it is cancelled");
    waiting.await.expect("joined")
}

/// Reads messages up to the next one that says that the server is ready; gives their letters.
pub(crate) async fn letters(socket: &mut TcpStream) -> String {
    let mut letters = String::new();
    while !letters.ends_with('Z') {
        letters.push(char::from(socket.read_u8().await.expect("a message")));
        let length = socket.read_u32().await.expect("a length");
        let mut says = vec![0; usize::try_from(length).expect("short") - 4];
        socket.read_exact(&mut says).await.expect("a message");
    }
    letters
}

/// The start-up message of the usual user.
pub(crate) fn startup() -> Vec<u8> {
    let says = [&196_608_u32.to_be_bytes()[..], b"user\0materialize\0\0"].concat();
    let length = u32::try_from(says.len() + 4).expect("short").to_be_bytes();
    [&length[..], &says].concat()
}

/// A session without a driver.
pub(crate) async fn open(address: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.expect("it connects");
    socket.write_all(&startup()).await.expect("sent");
    assert!(letters(&mut socket).await.starts_with('R'));
    socket
}

/// Runs a statement, or has it parsed and described alone; tells whether it was answered, and by no panic: after
/// one the connection ends.
pub(crate) async fn answered(client: &Client, sql: &str, only_prepared: bool) -> bool {
    let answer = async {
        if only_prepared {
            client.prepare(sql).await.map(|_| ())
        } else {
            client.simple_query(sql).await.map(|_| ())
        }
    };
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    let error = answer.unwrap_or_else(|_| panic!("no answer to {sql}")).err();
    error.is_none_or(|error| error.as_db_error().is_some_and(|error| error.severity() != "FATAL"))
}
