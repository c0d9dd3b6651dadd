//! Ctrl-C: once stops at the next safe point, twice stops now.

use super::exit::Exit;
use super::ui::Ui;
use crate::db::apply::Interrupt;

/// Listens for Ctrl-C and for the signal that ends a process, from now on; once in a process, for a second
/// listener would take the first Ctrl-C for the second.
///
/// The task lives as long as the process: it has nothing to give back.
pub(crate) fn listen(interrupt: &Interrupt, ui: &Ui) {
    let (interrupt, ui) = (interrupt.clone(), ui.clone());
    let Ok(mut signals) = Signals::new() else { return };
    tokio::spawn(async move {
        while signals.next().await.is_ok() {
            if interrupt.is_asked() {
                ui.say("stopped; what was sent before may still take effect");
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
            interrupt.ask();
            ui.say("stopping at the next safe point; Ctrl-C again stops now");
        }
    });
}

/// As [`listen`], where a screen is up: nothing is said, and the terminal is given back before a second
/// one ends the process. A terminal that is closed asks for a stop as well.
pub(crate) fn listen_quietly(interrupt: &Interrupt, give_back: fn()) {
    let interrupt = interrupt.clone();
    let Ok(mut signals) = Signals::new() else { return };
    tokio::spawn(async move {
        loop {
            let heard = tokio::select! {
                heard = signals.next() => heard,
                heard = hung_up() => heard,
            };
            if heard.is_err() {
                return;
            }
            if interrupt.is_asked() {
                stop_now(give_back);
            }
            interrupt.ask();
        }
    });
}

/// Ends the process; what was sent before may still take effect.
pub(crate) fn stop_now(give_back: fn()) -> ! {
    give_back();
    std::process::exit(i32::from(Exit::Interrupted.code()));
}

/// Waits until the terminal is closed.
#[cfg(unix)]
async fn hung_up() -> std::io::Result<()> {
    use tokio::signal::unix::SignalKind;
    use tokio::signal::unix::signal;
    signal(SignalKind::hangup())?.recv().await;
    Ok(())
}

/// Waits for ever: a closed terminal ends the process here.
#[cfg(not(unix))]
async fn hung_up() -> std::io::Result<()> {
    std::future::pending().await
}

/// Waits for Ctrl-C or the signal that ends a process.
pub(crate) async fn signalled() -> std::io::Result<()> {
    Signals::new()?.next().await
}

/// Ctrl-C, and the signal that ends a process: none is lost between two of them.
#[cfg(unix)]
struct Signals {
    pressed: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::SignalKind;
        use tokio::signal::unix::signal;
        Ok(Self { pressed: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> std::io::Result<()> {
        tokio::select! {
            _ = self.pressed.recv() => Ok(()),
            _ = self.terminate.recv() => Ok(()),
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> std::io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}
