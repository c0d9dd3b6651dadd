//! The terminal while the screen is up: taken at the beginning, given back at every end.
//!
//! Another screen than the shell's, so that nothing of what stood there is lost. It is given back when
//! [`Screen`] is dropped, by a panic before it is told, and by whoever ends the process.

use std::io::BufWriter;
use std::io::Stderr;
use std::io::Write;
use std::sync::Once;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossterm::cursor::Hide;
use crossterm::cursor::Show;
use crossterm::execute;
use crossterm::terminal::EnterAlternateScreen;
use crossterm::terminal::LeaveAlternateScreen;
use crossterm::terminal::disable_raw_mode;
use crossterm::terminal::enable_raw_mode;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::model::Model;
use super::view;

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The room for what is drawn at once: one write, so that nothing flickers.
const BUFFER: usize = 64 * 1024;

/// The terminal.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stderr>>>,
    colour: bool,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// What the terminal says.
    pub(crate) fn take(colour: bool) -> std::io::Result<Self> {
        give_back_on_panic();
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let entered = (|| {
            execute!(std::io::stderr(), EnterAlternateScreen, Hide)?;
            let out = BufWriter::with_capacity(BUFFER, std::io::stderr());
            Terminal::new(CrosstermBackend::new(out))
        })();
        match entered {
            Ok(terminal) => Ok(Self { terminal, colour }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Draws what differs from what is there.
    ///
    /// # Errors
    /// What the terminal says.
    pub(crate) fn draw(&mut self, model: &Model, now: Duration) -> std::io::Result<()> {
        let colour = self.colour;
        self.terminal.draw(|frame| {
            let area = frame.area();
            view::draw(model, now, colour, area, frame.buffer_mut());
        })?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back as it was, if it was taken.
pub(crate) fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // There is nobody to tell that the terminal is gone.
    let mut out = std::io::stderr();
    let _ = execute!(out, LeaveAlternateScreen, Show);
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// A panic is told on the shell's own screen.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_gives_the_terminal_back() {
        give_back_on_panic();
        TAKEN.store(true, Ordering::SeqCst);
        let panicked = std::panic::catch_unwind(|| panic!("the test's own"));
        assert!(panicked.is_err() && !TAKEN.load(Ordering::SeqCst));
        // Nothing is written where it is given back already, or was never taken.
        give_back();
        assert!(!TAKEN.load(Ordering::SeqCst));
    }
}
