//! The wire protocol: what clients send and what goes back.
//!
//! Messages are read and written with the codec of `pgwire`; the conversation is ours, for a
//! sandbox must be able to break off anywhere. Start reading at [`serve`], then `connection`,
//! `simple` and `extended`.

mod binary;
mod connection;
mod copy;
mod extended;
mod inbound;
mod nested;
mod numeric;
mod out;
mod simple;
mod sound;
mod struck;
mod temporal;

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::door::Door;
use super::hub::Hub;
use connection::Guard;

/// How many connections are open at most; the server's own limit.
const CONNECTIONS: usize = 5_000;

/// Takes connections until it is told to stop, and ends when all of them have ended.
pub(crate) async fn serve(
    mut door: Door,
    hub: Arc<Hub>,
    password: Option<Arc<str>>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            accepted = door.next() => match accepted {
                Ok(caller) if connections.len() < CONNECTIONS => {
                    let guard = Guard { hub: Arc::clone(&hub), password: password.clone() };
                    connections.spawn(connection::attend(caller, guard, stop.clone()));
                }
                Ok(_) => tracing::warn!("too many connections: one is refused"),
                Err(error) => {
                    tracing::warn!("a connection is not accepted: {error}");
                    // A machine without file handles would otherwise spin.
                    tokio::task::yield_now().await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(door);
    while connections.join_next().await.is_some() {}
}

/// Waits until the server is to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error says that the sender is gone, and with it the server: that is a stop too.
    let _ = stop.wait_for(|stopped| *stopped).await;
}
