//! What a key of the keyboard means.

use crossterm::event::Event;
use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyEventKind;
use crossterm::event::KeyModifiers;

use super::model::Key;

/// What came from the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A key that means something.
    Key(Key),
    /// Ctrl-C, or whatever else asks for a stop.
    Stop,
    /// The screen has another size.
    Resized,
    /// Nothing.
    Nothing,
}

/// Reads an event of the terminal.
pub(crate) fn typed(event: &Event) -> Typed {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => of_key(key),
        Event::Resize(..) => Typed::Resized,
        Event::Key(_) | Event::FocusGained | Event::FocusLost | Event::Mouse(_) | Event::Paste(_) => {
            Typed::Nothing
        }
    }
}

fn of_key(key: &KeyEvent) -> Typed {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c' | 'd') => Typed::Stop,
            KeyCode::Char('p') => Typed::Key(Key::Up),
            KeyCode::Char('n') => Typed::Key(Key::Down),
            _ => Typed::Nothing,
        };
    }
    let key = match key.code {
        KeyCode::Up | KeyCode::Char('k') => Key::Up,
        KeyCode::Down | KeyCode::Char('j') => Key::Down,
        KeyCode::Home | KeyCode::Char('g') => Key::First,
        KeyCode::End | KeyCode::Char('G') => Key::Last,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown | KeyCode::Char(' ') => Key::PageDown,
        KeyCode::Enter => Key::Rows,
        KeyCode::Char('d') => Key::Diff,
        KeyCode::Char('r') => Key::Rebuild,
        KeyCode::Char('t') => Key::Tests,
        KeyCode::Char('?' | 'h') => Key::Help,
        KeyCode::Esc => Key::Back,
        KeyCode::Char('q') => Key::Quit,
        _ => return Typed::Nothing,
    };
    Typed::Key(key)
}
