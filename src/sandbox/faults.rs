//! What goes wrong on purpose.
//!
//! Set by `ALTER SYSTEM SET sandbox_fault = '…'` (or `Server::set_faults`): faults, one semicolon
//! apart, each of which is used up when it strikes. `SHOW sandbox_fault` tells what is left.
//!
//! ```text
//! refuse 2                        the next two connections are closed before they say anything
//! drop before 3                   the connection of the 3rd statement ends, which is not run
//! drop after 3                    the 3rd statement is run and answered, then its connection ends
//! lose 3                          the 3rd statement is run; its connection ends without an answer
//! kill 3                          the same, and whoever started the sandbox lets the client die
//! delay 50ms before 3             the 3rd statement waits
//! delay 50ms after 3              the 3rd statement is run, and its answer waits
//! hold before 3                   the 3rd statement waits until faults are set anew
//! hold after 3                    the 3rd statement is run, and its answer waits for that
//! hang 3                          the 3rd statement waits for that too, and cannot be cancelled
//! error '40001' on 3              the 3rd statement fails with this code and is not run
//! error '40001' after 3           the 3rd statement is run and answered with this code
//! conflict 2                      the next two COMMITs of DDL transactions fail with 40001
//! rollback 2                      the next two COMMITs of DDL transactions roll back, and say so by their tag
//! ```
//!
//! In place of `3` may stand `commit` (the next COMMIT), `commit 2`, `write 3` (the 3rd statement that is
//! more than reading), `'CREATE VIEW%'` (the next statement that is like it, without regard to case) or
//! `'CREATE VIEW%' 2`. `before`, `after`,
//! `on` and `at` before it may be left out where they say nothing (`lose`, `error`, `delay`, `hold`, `hang`).
//! Behind all of it `by 7` counts only the statements of the connection with that number, and
//! `by 'mzflow%'` those of the users or applications whose name is like it.
//!
//! Counting starts anew for each fault when it is set, goes over all connections, and leaves out
//! statements that set or show `sandbox_…`. Statements of one message count one by one. Setting
//! replaces what was left and lets go what is held. Nothing of this is kept over a restart.

use std::time::Duration;

use super::duration;
use super::sort::Sort;
use super::transcript::Who;
use crate::name::like::like_any_case;

/// What a fault does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    DropBefore,
    DropAfter,
    Lose,
    Kill,
    Delay(Duration, When),
    Hold(When),
    Hang,
    Error(&'static str, When),
    Conflict,
    RollBack,
    Refuse,
}

/// Before a statement is run, or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Before,
    After,
}

/// Whose statements a fault counts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whose {
    Anybody,
    Connection(u32),
    Like(String),
}

/// Which statements a fault counts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Any,
    Commit,
    Write,
    Like(String),
}

/// A fault that has not struck yet.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    action: Action,
    target: Target,
    whose: Whose,
    /// How many it waits for, the last of which it strikes; for `refuse`, `conflict` and `rollback`
    /// how often it strikes.
    left: u64,
}

/// What is to happen to a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Strike {
    /// It waits that long.
    pub(crate) delay: Duration,
    /// Its answer waits that long.
    pub(crate) delay_after: Duration,
    /// The connection ends before it is run.
    pub(crate) drop_before: bool,
    /// It waits until it is let go.
    pub(crate) hold: bool,
    /// It is run, and its answer waits until it is let go.
    pub(crate) hold_after: bool,
    /// It waits until it is let go, and nobody can cancel it.
    pub(crate) hang: bool,
    /// It fails with this code.
    pub(crate) error: Option<&'static str>,
    /// It is run, and answered with this code.
    pub(crate) error_after: Option<&'static str>,
    /// It is run, but the connection ends without an answer.
    pub(crate) lose: bool,
    /// It is run and answered, then the connection ends.
    pub(crate) drop_after: bool,
    /// The client is to die.
    pub(crate) kill: bool,
}

/// What faults have made to end so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Broken {
    /// Connections.
    pub connections: u64,
    /// Those of them whose clients are to die.
    pub clients: u64,
}

/// Faults that have not struck yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    waiting: Vec<Fault>,
}

/// Codes that `error` may give.
const CODES: &[&str] = &[
    "08006", "22000", "22023", "25000", "25001", "25006", "25P02", "40001", "42501", "42601", "42704",
    "53000", "53300", "55000", "55006", "57014", "57P01", "57P03", "0A000", "XX000",
];

impl Faults {
    /// Reads faults.
    ///
    /// # Errors
    /// What cannot be read, for people.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let waiting = text
            .split(';')
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .map(fault)
            .collect::<Result<_, _>>()?;
        Ok(Self { waiting })
    }

    /// Adds faults to those that have not struck yet.
    ///
    /// # Errors
    /// What cannot be read, for people.
    pub(crate) fn add(&mut self, text: &str) -> Result<(), String> {
        self.waiting.extend(Self::parse(text)?.waiting);
        Ok(())
    }

    /// Lets nobody die.
    pub(crate) fn spare(&mut self) {
        self.waiting.retain(|fault| fault.action != Action::Kill);
    }

    /// Tells whether a new connection is to be refused.
    pub(crate) fn refuse(&mut self) -> bool {
        self.take(&Action::Refuse)
    }

    /// Tells whether the COMMIT of a DDL transaction is to conflict.
    pub(crate) fn conflict(&mut self) -> bool {
        self.take(&Action::Conflict)
    }

    /// Tells whether the COMMIT of a DDL transaction is to roll it back.
    pub(crate) fn roll_back(&mut self) -> bool {
        self.take(&Action::RollBack)
    }

    fn take(&mut self, action: &Action) -> bool {
        let Some(at) = self.waiting.iter().position(|fault| fault.action == *action) else { return false };
        if let Some(fault) = self.waiting.get_mut(at) {
            fault.left = fault.left.saturating_sub(1);
            if fault.left == 0 {
                self.waiting.remove(at);
            }
        }
        true
    }

    /// Counts a statement and tells what strikes it.
    pub(crate) fn statement(&mut self, who: &Who, text: &str, sort: Sort) -> Strike {
        let mut strike = Strike::default();
        self.waiting.retain_mut(|fault| {
            let counted = match &fault.action {
                Action::Conflict | Action::RollBack | Action::Refuse => false,
                Action::DropBefore
                | Action::DropAfter
                | Action::Lose
                | Action::Kill
                | Action::Delay(..)
                | Action::Hold(_)
                | Action::Hang
                | Action::Error(..) => {
                    let meant = match &fault.target {
                        Target::Any => true,
                        Target::Commit => sort == Sort::Commit,
                        Target::Write => sort != Sort::Read,
                        Target::Like(pattern) => like_any_case(text, pattern),
                    };
                    meant && is_by(who, &fault.whose)
                }
            };
            if !counted {
                return true;
            }
            fault.left = fault.left.saturating_sub(1);
            if fault.left > 0 {
                return true;
            }
            match &fault.action {
                Action::DropBefore => strike.drop_before = true,
                Action::DropAfter => strike.drop_after = true,
                Action::Lose => strike.lose = true,
                Action::Kill => (strike.lose, strike.kill) = (true, true),
                Action::Delay(by, When::Before) => strike.delay = strike.delay.saturating_add(*by),
                Action::Delay(by, When::After) => {
                    strike.delay_after = strike.delay_after.saturating_add(*by);
                }
                Action::Hold(When::Before) => strike.hold = true,
                Action::Hold(When::After) => strike.hold_after = true,
                Action::Hang => strike.hang = true,
                Action::Error(code, When::Before) => strike.error = Some(code),
                Action::Error(code, When::After) => strike.error_after = Some(code),
                Action::Conflict | Action::RollBack | Action::Refuse => {}
            }
            false
        });
        strike
    }

    /// What has not struck yet, as it could be set.
    pub(crate) fn left(&self) -> String {
        let written = self.waiting.iter().map(|fault| {
            let target = match &fault.target {
                Target::Any => fault.left.to_string(),
                Target::Commit => format!("commit {}", fault.left),
                Target::Write => format!("write {}", fault.left),
                Target::Like(pattern) => format!("{} {}", crate::name::literal(pattern), fault.left),
            };
            let target = match &fault.whose {
                Whose::Anybody => target,
                Whose::Connection(number) => format!("{target} by {number}"),
                Whose::Like(pattern) => format!("{target} by {}", crate::name::literal(pattern)),
            };
            match &fault.action {
                Action::DropBefore => format!("drop before {target}"),
                Action::DropAfter => format!("drop after {target}"),
                Action::Lose => format!("lose {target}"),
                Action::Kill => format!("kill {target}"),
                Action::Delay(by, when) => {
                    let when = if *when == When::Before { "before" } else { "after" };
                    format!("delay {} {when} {target}", duration::format(*by).replace(' ', ""))
                }
                Action::Hold(when) => {
                    let when = if *when == When::Before { "before" } else { "after" };
                    format!("hold {when} {target}")
                }
                Action::Error(code, when) => {
                    let when = if *when == When::Before { "on" } else { "after" };
                    format!("error '{code}' {when} {target}")
                }
                Action::Hang => format!("hang {target}"),
                Action::Conflict => format!("conflict {}", fault.left),
                Action::RollBack => format!("rollback {}", fault.left),
                Action::Refuse => format!("refuse {}", fault.left),
            }
        });
        written.collect::<Vec<_>>().join("; ")
    }
}

fn is_by(who: &Who, whose: &Whose) -> bool {
    match whose {
        Whose::Anybody => true,
        Whose::Connection(number) => who.connection == *number,
        Whose::Like(pattern) => like_any_case(&who.user, pattern) || like_any_case(&who.application, pattern),
    }
}

/// Takes `by …` off the end of a fault.
fn whose(words: &mut Vec<String>) -> Option<Whose> {
    let Some(at) = words.iter().rposition(|word| word == "by") else { return Some(Whose::Anybody) };
    let last = words.split_off(at);
    match last.as_slice() {
        [_, pattern] if pattern.starts_with('\'') => Some(Whose::Like(unquoted(pattern))),
        [_, number] => number.parse().ok().map(Whose::Connection),
        _ => None,
    }
}

/// Reads one fault.
fn fault(text: &str) -> Result<Fault, String> {
    let mut words = words(text)?;
    let wrong = || format!("`{text}` is no fault: see `drop before 3`, `lose commit`, `delay 50ms before 2`");
    let whose = whose(&mut words).ok_or_else(wrong)?;
    let when = if words.iter().any(|word| word == "after") { When::After } else { When::Before };
    let mut words = words.iter().map(String::as_str);
    let action = match words.next().map(str::to_ascii_lowercase).as_deref() {
        Some("refuse") => Action::Refuse,
        Some("conflict") => Action::Conflict,
        Some("rollback") => Action::RollBack,
        Some("lose") => Action::Lose,
        Some("kill") => Action::Kill,
        Some("drop") => match words.next() {
            Some("before") => Action::DropBefore,
            Some("after") => Action::DropAfter,
            _ => return Err(wrong()),
        },
        Some("delay") => Action::Delay(words.next().and_then(duration::parse).ok_or_else(wrong)?, when),
        Some("hold") => Action::Hold(when),
        Some("hang") => Action::Hang,
        Some("error") => {
            let code = words.next().map(unquoted).ok_or_else(wrong)?;
            let known = CODES.iter().find(|known| **known == code);
            let known = known.ok_or_else(|| format!("`{code}` is none of the codes {}", CODES.join(", ")));
            Action::Error(known?, when)
        }
        _ => return Err(wrong()),
    };
    let mut rest: Vec<&str> = words.filter(|word| !["before", "after", "on", "at"].contains(word)).collect();
    let target = match rest.first() {
        Some(word) if word.eq_ignore_ascii_case("commit") => Target::Commit,
        Some(word) if word.eq_ignore_ascii_case("write") => Target::Write,
        Some(word) if word.starts_with('\'') => Target::Like(unquoted(word)),
        _ => Target::Any,
    };
    if target != Target::Any {
        rest.remove(0);
    }
    let left = match rest.as_slice() {
        [] => 1,
        [count] => count.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    Ok(Fault { action, target, whose, left })
}

/// Cuts a text at its blanks; what stands in quotes stays together, with the quotes.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.push(c);
            }
            c if c.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if quoted {
        return Err(format!("a quote of `{text}` does not close"));
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

fn unquoted(word: &str) -> String {
    word.trim_matches('\'').replace("''", "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(connection: u32, application: &str) -> Who {
        Who { connection, user: "joe".to_owned(), application: application.to_owned() }
    }

    #[test]
    fn a_fault_may_be_one_sessions() {
        let text =
            "error '57P01' after 1 by 7; delay 5ms after 'SELECT%' 1 by 'mzflow%'; drop after 1 by 'JOE'";
        let mut faults = Faults::parse(text).expect("ok");
        assert_eq!(faults.left(), text);
        let struck = faults.statement(&who(8, "mzflow stage"), "SELECT 1", Sort::Read);
        assert!(struck.drop_after && struck.error_after.is_none());
        assert_eq!(struck.delay_after, Duration::from_millis(5));
        let struck = faults.statement(&who(7, "psql"), "SELECT 1", Sort::Read);
        assert_eq!((struck.error, struck.error_after), (None, Some("57P01")));
        assert_eq!(faults.left(), "");
    }

    #[test]
    fn each_fault_counts_for_itself_and_is_used_up() {
        let mut faults =
            Faults::parse("drop before 3; lose commit; delay 50ms before 'create view%' 2").expect("ok");
        assert_eq!(
            faults.statement(&who(7, "psql"), "CREATE VIEW a AS SELECT 1", Sort::Write),
            Strike::default()
        );
        let struck = faults.statement(&who(7, "psql"), "create view b AS SELECT 1", Sort::Write);
        assert_eq!(struck.delay, Duration::from_millis(50));
        faults.add("hold before commit; hold after commit").expect("ok");
        let struck = faults.statement(&who(7, "psql"), "COMMIT", Sort::Commit);
        assert!(struck.drop_before && struck.lose && struck.hold && struck.hold_after);
        assert_eq!(faults.left(), "");
    }

    #[test]
    fn reading_is_not_counted_among_writes() {
        let mut faults = Faults::default();
        faults.add("kill write 2; kill 'x'").expect("ok");
        faults.spare();
        assert_eq!(faults.left(), "");
        faults.add("lose write 2").expect("ok");
        assert_eq!(faults.left(), "lose write 2");
        for (sort, lost) in [(Sort::Write, false), (Sort::Read, false), (Sort::Commit, true)] {
            assert_eq!(faults.statement(&who(7, "psql"), "x", sort).lose, lost);
        }
    }

    #[test]
    fn conflicts_and_refusals_strike_as_often_as_they_say() {
        let mut faults = Faults::parse("conflict 2;refuse;rollback").expect("ok");
        assert!(faults.conflict() && faults.conflict() && !faults.conflict());
        assert!(faults.roll_back() && !faults.roll_back());
        assert!(faults.refuse() && !faults.refuse());
    }

    #[test]
    fn what_is_left_can_be_set_again() {
        let text = "drop before 3; drop after commit 1; error 'XX000' on 'CREATE VIEW%' 2; hold after 2; hang 'ALTER%' 1; conflict 1; rollback 3";
        let faults = Faults::parse(text).expect("ok");
        assert_eq!(faults.left(), text);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "explode",
            "drop 3",
            "error '12345' on 1",
            "delay soon",
            "lose 0",
            "lose 'open",
            "lose 1 by",
            "lose by x",
        ] {
            assert!(Faults::parse(text).is_err(), "{text}");
        }
    }
}
