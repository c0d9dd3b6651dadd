//! One connection: how it begins, the loop over its messages, how it ends.

use std::hash::BuildHasher;
use std::hash::Hasher;
use std::hash::RandomState;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use pgwire::messages::DecodeContext;
use pgwire::messages::Message as _;
use pgwire::messages::PgWireBackendMessage as Message;
use pgwire::messages::PgWireFrontendMessage as Asked;
use pgwire::messages::startup::Authentication;
use pgwire::messages::startup::BackendKeyData;
use pgwire::messages::startup::NegotiateProtocolVersion;
use pgwire::messages::startup::SecretKey;
use pgwire::messages::startup::Startup;
use tokio::sync::Notify;
use tokio::sync::watch;

use super::inbound::First;
use super::inbound::Inbound;
use super::inbound::Incoming;
use super::out::Out;
use crate::sandbox::door::Caller;
use crate::sandbox::duration;
use crate::sandbox::error::SqlError;
use crate::sandbox::hub::Hub;
use crate::sandbox::hydration::SessionFacts;
use crate::sandbox::session::Login;
use crate::sandbox::session::Session;
use crate::sandbox::session::Standing;

/// What the first number of a connection may be instead of a version.
const CANCEL: i32 = 80_877_102;
const SSL: i32 = 80_877_103;
const GSS: i32 = 80_877_104;

/// How long a client may take to say who it is.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// How often a client may ask for encryption before it starts: once for each kind, and again.
const ENCRYPTION_ASKED: usize = 4;

/// What a connection needs to know of the server.
pub(super) struct Guard {
    pub(super) hub: Arc<Hub>,
    pub(super) password: Option<Arc<str>>,
}

/// Whether a connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// It goes on.
    On,
    /// It ends, without another word.
    End,
}

/// One connection with its session.
pub(super) struct Connection {
    pub(super) session: Session,
    pub(super) inbound: Inbound,
    pub(super) out: Out,
    pub(super) cancel: Arc<Notify>,
    /// Whether the extended protocol skips to the next Sync.
    pub(super) skipping: bool,
    /// Whether the transaction may only read.
    pub(super) reading: bool,
}

/// Attends to a connection until it ends or the server does.
pub(super) async fn attend(caller: Caller, guard: Guard, mut stop: watch::Receiver<bool>) {
    if guard.hub.faults().refuse() {
        return;
    }
    let (inbound, out) = (Inbound::new(caller.from), Out::new(caller.to));
    let late = guard.hub.clock.sleep(STARTS_WITHIN);
    let opened = tokio::select! {
        opened = open(inbound, out, &guard) => opened,
        () = late => {
            tracing::debug!("a client did not say in time who it is");
            return;
        }
        () = super::stopped(&mut stop) => return,
    };
    let mut connection = match opened {
        Ok(Some(connection)) => connection,
        Ok(None) => return,
        Err(error) => {
            tracing::debug!("a connection ended before it began: {error}");
            return;
        }
    };
    let ended = tokio::select! {
        ended = survived(&mut connection) => connection.ended(ended).await,
        () = super::stopped(&mut stop) => connection.farewell().await,
    };
    if let Err(error) = ended {
        tracing::debug!(connection = connection.session.connection(), "connection ended: {error}");
    }
    connection.session.end_session().await;
}

/// Takes messages until the client is gone. A panic ends the session as an end of the client would: what it
/// had open is undone, and nobody else hears of it.
async fn survived(connection: &mut Connection) -> io::Result<()> {
    match AssertUnwindSafe(connection.converse()).catch_unwind().await {
        Ok(ended) => ended,
        Err(_) => Err(io::Error::other("a mistake in the sandbox")),
    }
}

/// Begins a session; `None` where the connection was for something else.
async fn open(mut inbound: Inbound, mut out: Out, guard: &Guard) -> io::Result<Option<Connection>> {
    let Some(startup) = greet(&mut inbound, &mut out, &guard.hub).await? else { return Ok(None) };
    if startup.protocol_number_minor > 0 {
        let options = startup.parameters.keys().filter(|name| name.starts_with("_pq_.")).cloned().collect();
        out.put(&Message::NegotiateProtocolVersion(NegotiateProtocolVersion::new(0, options)))?;
    }
    let mut login = Login::new(&startup.parameters);
    login.settings.retain(|(name, _)| !name.starts_with("_pq_."));
    if let Some(password) = &guard.password {
        let given = ask_password(&mut inbound, &mut out).await?;
        if given.as_deref() != Some(password) {
            let error = SqlError::new("28P01", "authentication error invalid credentials");
            out.error("FATAL", &error, "")?;
            out.send().await?;
            return Ok(None);
        }
    }
    if let Err(error) = guard.hub.admit_session() {
        out.error("FATAL", &error, "")?;
        out.send().await?;
        return Ok(None);
    }
    let number = guard.hub.next_connection();
    let session = match Session::begin_session(&guard.hub, number, &login).await {
        Ok(session) => session,
        Err(error) => {
            out.error("FATAL", &error, "")?;
            out.send().await?;
            return Ok(None);
        }
    };
    let secret = random().unsigned_abs() as i32 & i32::MAX;
    let facts =
        SessionFacts { id: uuid(), connection: number, role: session.role(), since: guard.hub.clock.now() };
    let cancel = guard.hub.connected(facts, secret);
    let mut connection = Connection { session, inbound, out, cancel, skipping: false, reading: false };
    connection.welcome(secret).await?;
    Ok(Some(connection))
}

/// Reads up to the start-up message; a request to cancel is carried out, encryption refused.
async fn greet(inbound: &mut Inbound, out: &mut Out, hub: &Hub) -> io::Result<Option<Startup>> {
    for _ in 0..ENCRYPTION_ASKED {
        let First { code, frame } = inbound.first().await?;
        match code {
            SSL | GSS => {
                out.put_byte(b'N');
                out.send().await?;
            }
            CANCEL => {
                let number = |from: usize| {
                    let bytes = frame.get(from..from + 4)?;
                    Some(i32::from_be_bytes(bytes.try_into().ok()?))
                };
                if let (Some(connection), Some(secret)) = (number(8), number(12)) {
                    hub.cancel(u32::try_from(connection).unwrap_or_default(), secret);
                }
                return Ok(None);
            }
            _ => {
                let context = DecodeContext::default();
                let startup = Startup::decode(&mut frame.as_slice().into(), &context);
                return startup.map_err(io::Error::other);
            }
        }
    }
    Ok(None)
}

async fn ask_password(inbound: &mut Inbound, out: &mut Out) -> io::Result<Option<String>> {
    out.put(&Message::Authentication(Authentication::CleartextPassword))?;
    out.send().await?;
    match inbound.message().await? {
        Some(Incoming::Message(Asked::PasswordMessageFamily(message))) => {
            message.into_password().map(|message| Some(message.password)).map_err(io::Error::other)
        }
        _ => Ok(None),
    }
}

/// A number that nobody can guess across a restart; the standard library seeds its hash maps so.
fn random() -> i64 {
    RandomState::new().build_hasher().finish().cast_signed()
}

fn uuid() -> String {
    let digits = format!("{:016x}{:016x}", random(), random());
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().to_owned();
    let (version, variant) = (part(13, 16), part(17, 20));
    [part(0, 8), part(8, 12), format!("4{version}"), format!("8{variant}"), part(20, 32)].join("-")
}

impl Connection {
    async fn welcome(&mut self, secret: i32) -> io::Result<()> {
        self.out.put(&Message::Authentication(Authentication::Ok))?;
        self.tell()?;
        let pid = i32::try_from(self.session.connection()).unwrap_or_default();
        self.out.put(&Message::BackendKeyData(BackendKeyData::new(pid, SecretKey::I32(secret))))?;
        self.out.ready(self.session.standing())?;
        self.out.send().await
    }

    /// Gathers notices and changed variables.
    pub(super) fn tell(&mut self) -> io::Result<()> {
        for notice in self.session.take_notices() {
            self.out.notice(&notice)?;
        }
        for (name, value) in self.session.take_reports() {
            self.out.report(name, &value)?;
        }
        Ok(())
    }

    /// Takes messages until the client is gone.
    async fn converse(&mut self) -> io::Result<()> {
        while let Some(incoming) = self.next().await? {
            let asked = match incoming {
                Incoming::Message(asked) => asked,
                Incoming::TooLong(letter) => {
                    self.too_long(letter).await?;
                    continue;
                }
            };
            let flow = match asked {
                Asked::Query(query) => {
                    self.skipping = false;
                    self.simple(&query.query).await?
                }
                Asked::Terminate(_) => return Ok(()),
                Asked::Sync(_) => {
                    self.skipping = false;
                    self.session.close_portals();
                    self.tell()?;
                    self.out.ready(self.session.standing())?;
                    self.out.send().await?;
                    Flow::On
                }
                Asked::Flush(_) => {
                    self.out.send().await?;
                    Flow::On
                }
                _ if self.skipping => Flow::On,
                asked => self.extended(asked).await?,
            };
            if flow == Flow::End {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next message; a transaction that nobody goes on with ends the connection.
    async fn next(&mut self) -> io::Result<Option<Incoming>> {
        let limit = duration::parse(&self.session.variable("idle_in_transaction_session_timeout"));
        let limit = limit.filter(|limit| !limit.is_zero() && self.session.standing() != Standing::Idle);
        let Some(limit) = limit else { return self.inbound.message().await };
        let clock = self.session.hub().clock.clone();
        tokio::select! {
            message = self.inbound.message() => message,
            () = clock.sleep(limit) => {
                let message = "terminating connection due to idle-in-transaction timeout";
                self.out.error("FATAL", &SqlError::new("25P03", message), "")?;
                self.out.send().await?;
                Ok(None)
            }
        }
    }

    /// A message was too long to be taken: the session goes on behind it.
    async fn too_long(&mut self, letter: u8) -> io::Result<()> {
        if letter != b'Q' && self.skipping {
            return Ok(());
        }
        self.session.fail();
        self.out.error("ERROR", &SqlError::new("54000", "message is too long"), "")?;
        if letter == b'Q' {
            self.skipping = false;
            self.out.ready(self.session.standing())?;
        } else {
            self.skipping = true;
        }
        self.out.send().await
    }

    /// Says what was wrong with a message before the connection ends.
    async fn ended(&mut self, ended: io::Result<()>) -> io::Result<()> {
        let Err(error) = &ended else { return ended };
        let said = match error.kind() {
            io::ErrorKind::InvalidData => SqlError::new("08P01", "a message does not follow the protocol"),
            io::ErrorKind::Other => SqlError::internal(format!("internal error: {error}")),
            _ => return ended,
        };
        self.out.error("FATAL", &said, "")?;
        self.out.send().await?;
        ended
    }

    /// The server ends.
    async fn farewell(&mut self) -> io::Result<()> {
        let message = "terminating connection due to administrator command";
        self.out.error("FATAL", &SqlError::new("57P01", message), "")?;
        self.out.send().await
    }
}
