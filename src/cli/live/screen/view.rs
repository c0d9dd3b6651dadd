//! How the model looks on so many columns and lines. Pure: a model in, cells out.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Constraint;
use ratatui::layout::Layout;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::text::Span;
use ratatui::widgets::Clear;
use ratatui::widgets::Widget;

use super::model::Build;
use super::model::KEYS;
use super::model::Link;
use super::model::Model;
use super::model::Panel;
use super::model::Row;
use crate::cli::live::looks::passed_told;
use crate::cli::overlaid;
use crate::cli::ui::elapsed;
use crate::event::OverlayState;

/// The name's column is no wider.
const WIDEST_NAME: usize = 48;

/// What the keys do, in the last line.
const SHORT_KEYS: &str = "d diff  ⏎ rows  r rebuild  t tests  ? help  q quit";

/// On a narrower screen the keys have a line of their own.
const WIDE: u16 = 140;

/// Stands between the parts of a line.
const BETWEEN: &str = " · ";

/// What stands before the keys' meanings is so wide.
const KEY_WIDTH: usize = 15;

/// With less room than this an environment cannot be told from another.
const SHORTEST_TARGET: usize = 7;

/// How the last build stands takes so many lines of a narrow screen at most.
const MOST_STANDING: usize = 3;

/// A screen lower than this has one line for that.
const ROOMY: u16 = 15;

/// A screen lower than this shows its objects alone.
const LOWEST: u16 = 6;

/// Draws everything.
pub(crate) fn draw(model: &Model, now: Duration, colour: bool, area: Rect, buffer: &mut Buffer) {
    let look = Look { colour };
    if area.height < LOWEST {
        objects(model, now, look, area, buffer);
        return;
    }
    let below = below(model, look, usize::from(area.width));
    let standing = match area {
        Rect { width: WIDE.., .. } | Rect { height: ..ROOMY, .. } => vec![standing(model, now)],
        Rect { width, .. } => {
            let width = usize::from(width).saturating_sub(1);
            folded(&standing(model, now), BETWEEN, MOST_STANDING, width)
        }
    };
    let foot = if area.width < WIDE { standing.len() + 1 } else { 1 };
    let room = usize::from(area.height).saturating_sub(3 + foot.max(2));
    let wanted = below.lines.len() + usize::from(!below.title.is_empty());
    // Objects keep at least a third of what there is.
    let most = room.saturating_sub(model.rows.len().min(room.div_ceil(3)).max(1));
    let height = u16::try_from(wanted.min(most)).unwrap_or(0);
    let parts = [
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(height),
        Constraint::Length(1),
        Constraint::Length(u16::try_from(foot).unwrap_or(1)),
    ];
    let [head, rule, body, panel, rule_below, foot] = Layout::vertical(parts).areas(area);
    let right = head_right(model, look);
    sides(head_left(model, look, (head.width, right.width())), right, head, buffer);
    ruled(rule, look, buffer);
    objects(model, now, look, body, buffer);
    written(&below, panel, look, buffer);
    ruled(rule_below, look, buffer);
    footer(&standing, look, foot, buffer);
}

/// A text in lines that are no wider than that where it can be folded between its parts; behind so many lines
/// the last has all that is left.
fn folded(text: &str, between: &str, most: usize, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in text.split(between) {
        let is_last = lines.len() == most;
        let more = format!("{between}{part}");
        match lines.last_mut() {
            Some(line) if is_last || line.chars().count() + more.chars().count() <= width => *line += &more,
            Some(_) | None => lines.push(part.to_owned()),
        }
    }
    lines
}

#[derive(Clone, Copy)]
struct Look {
    colour: bool,
}

impl Look {
    fn of(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    fn dim(self) -> Style {
        if self.colour { Style::new().add_modifier(Modifier::DIM) } else { Style::new() }
    }

    fn bold(self) -> Style {
        if self.colour { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() }
    }
}

fn ruled(area: Rect, look: Look, buffer: &mut Buffer) {
    let line = "─".repeat(usize::from(area.width));
    buffer.set_stringn(area.x, area.y, line, usize::from(area.width), look.dim());
}

/// Something on the left, and something on the right where there is room for it.
fn sides(left: Line<'_>, right: Line<'_>, area: Rect, buffer: &mut Buffer) {
    let (used, wanted) = (left.width(), right.width());
    left.render(area, buffer);
    if used + wanted + 2 <= usize::from(area.width) {
        let width = u16::try_from(wanted).unwrap_or(area.width);
        let at = Rect { x: area.right().saturating_sub(width), width, ..area };
        right.render(at, buffer);
    }
}

/// Who works where: of the environment as much as leaves room for what stands on the right.
fn head_left(model: &Model, look: Look, (width, right): (u16, usize)) -> Line<'static> {
    let head = &model.head;
    let name = Span::styled(" mzflow dev", look.bold());
    let before = format!(" · {} on cluster {} · target ", head.overlay, head.cluster);
    let used = name.width() + console::measure_text_width(&before);
    let room = |others: usize| usize::from(width).saturating_sub(used + others);
    let beside = room(right + 2);
    // Where next to nothing of it could be read it has the line for itself.
    let room = if beside < SHORTEST_TARGET { room(0) } else { beside };
    let target = shortened(&head.target, room);
    Line::from(vec![name, Span::raw(format!("{before}{target}"))])
}

/// An environment without what can be left out of it where there is no room.
fn shortened(target: &str, room: usize) -> String {
    let until = |end: &str| target.split(end).next().unwrap_or(target);
    // Advice goes first, then the address; a name says where somebody works.
    let name = until(" (");
    let fits = |told: &&str| console::measure_text_width(told) <= room;
    let told = [target, until(BETWEEN), name].into_iter().find(fits);
    told.map_or_else(|| console::truncate_str(name, room, "…").into_owned(), str::to_owned)
}

fn head_right(model: &Model, look: Look) -> Line<'static> {
    match (&model.link, &model.saved) {
        (Link::Down { .. }, _) => Line::styled("no connection ", look.of(Color::Red)),
        (Link::Up, Some(at)) => Line::styled(format!("saved {at} "), look.dim()),
        (Link::Up, None) => Line::styled("nothing saved yet ", look.dim()),
    }
}

/// The objects, the chosen one always among them.
fn objects(model: &Model, now: Duration, look: Look, area: Rect, buffer: &mut Buffer) {
    let height = usize::from(area.height);
    if model.rows.is_empty() {
        let text = match &model.build {
            Build::None | Build::Running { .. } => "   the first build is under way",
            Build::Done { .. } => "   nothing differs from production: change a file and save it",
            Build::Failed { .. } | Build::Stopped => "   the overlay is empty",
        };
        Line::styled(text, look.dim()).render(area, buffer);
        return;
    }
    let chosen = model.rows.keys().position(|name| Some(name) == model.chosen.as_ref()).unwrap_or(0);
    let above = (chosen + 1).saturating_sub(height);
    let width = model.rows.keys().map(|name| shown(name).chars().count()).max().unwrap_or(0);
    let width = width.min(WIDEST_NAME);
    for (at, (name, row)) in model.rows.iter().skip(above).take(height).enumerate() {
        let line = object(model, name, row, now, (width, look));
        let y = area.y + u16::try_from(at).unwrap_or(0);
        line.render(Rect { y, height: 1, ..area }, buffer);
    }
}

/// A name without its database, which all of them have in common as a rule.
fn shown(name: &str) -> &str {
    // A quoted part may hold a dot: then the whole name is shown.
    if name.contains('"') { name } else { name.split_once('.').map_or(name, |(_, rest)| rest) }
}

fn object(
    model: &Model,
    name: &str,
    row: &Row,
    now: Duration,
    (width, look): (usize, Look),
) -> Line<'static> {
    let is_chosen = model.chosen.as_deref() == Some(name);
    let (sign, word, colour) = match row.state {
        OverlayState::Compiling => ("○", "compiling", Color::Yellow),
        OverlayState::Building => ("◔", "building", Color::Yellow),
        OverlayState::Hydrating => ("◐", "hydrating", Color::Yellow),
        OverlayState::Ready => ("●", "ready", Color::Green),
        OverlayState::Unchanged => ("●", "unchanged", Color::Green),
        OverlayState::Failed | OverlayState::Kept if row.stopped => ("○", "stopped", Color::Yellow),
        OverlayState::Failed | OverlayState::Kept => ("✗", "failed", Color::Red),
        OverlayState::Dropped => ("−", "dropped", Color::Reset),
    };
    let name = console::truncate_str(shown(name), width, "…").into_owned();
    let gap = " ".repeat(width.saturating_sub(console::measure_text_width(&name)));
    let mut parts = vec![
        Span::raw(if is_chosen { " ▸ " } else { "   " }),
        Span::styled(format!("{name}{gap}"), if is_chosen { look.bold() } else { Style::new() }),
        Span::styled(format!("  {sign} {word:<9}"), look.of(colour)),
    ];
    if let Some(took) = model.time_of(row, now) {
        parts.push(Span::raw(format!("  {:>7}", elapsed(took))));
    }
    parts.extend(row.percent.map(|percent| Span::raw(format!("  {percent} %"))));
    if let Some(rows) = row.rows {
        parts.push(Span::raw(format!("  {} row{}", grouped(rows), if rows == 1 { "" } else { "s" })));
    }
    parts.extend(row.against.as_ref().map(|told| Span::raw(format!("  {told}"))));
    if let Some(message) = row.message.as_ref().and_then(|message| message.lines().next()) {
        parts.push(Span::styled(format!("  {message}"), look.of(colour)));
    }
    if row.state == OverlayState::Kept {
        let told = match &row.good {
            Some(good) => format!("  (last good from {good} stays)"),
            // It was built before this process began.
            None => "  (last good version stays)".to_owned(),
        };
        parts.push(Span::styled(told, look.dim()));
    }
    Line::from(parts)
}

/// `1204` as `1,204`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut told = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

/// What stands below the objects.
#[derive(Default)]
struct Below {
    title: String,
    lines: Vec<Line<'static>>,
}

fn below(model: &Model, look: Look, width: usize) -> Below {
    let plain = |lines: &[String]| lines.iter().map(|line| painted(line, look)).collect();
    match &model.panel {
        Panel::Help => {
            let mut lines: Vec<Line<'static>> = KEYS.iter().map(|(key, what)| of_key(key, what)).collect();
            let width = width.saturating_sub(KEY_WIDTH + 1);
            let removal = folded(&model.head.removal, " ", usize::MAX, width);
            lines.extend(removal.iter().map(|part| of_key("", part)));
            lines.drain(..model.above.min(lines.len()));
            Below { title: "keys".to_owned(), lines }
        }
        Panel::Awaited { title, .. } => Below { title: title.clone(), lines: Vec::new() },
        Panel::Lines { title, lines, above } => {
            Below { title: title.clone(), lines: plain(lines.get(*above..).unwrap_or_default()) }
        }
        Panel::None => {
            let mut lines = Vec::new();
            if let Link::Down { why } = &model.link {
                lines.push(Line::styled(format!(" {why}"), look.of(Color::Red)));
            }
            if let Build::Failed { lines: told, .. } = &model.build {
                lines.extend(plain(told));
            }
            lines.extend(
                model.notices.iter().map(|line| Line::styled(format!(" {line}"), look.of(Color::Yellow))),
            );
            lines.drain(..model.above.min(lines.len()));
            Below { title: String::new(), lines }
        }
    }
}

/// What a key does; `KEY_WIDTH` columns, and the text.
fn of_key(key: &str, what: &str) -> Line<'static> {
    Line::from(format!("   {key:<10}  {what}"))
}

/// What differs is coloured by its first sign.
fn painted(line: &str, look: Look) -> Line<'static> {
    let style = match line.trim_start().chars().next() {
        Some('+') => look.of(Color::Green),
        Some('-' | '−') => look.of(Color::Red),
        Some('~') => look.of(Color::Yellow),
        _ if line.starts_with("error") => look.of(Color::Red),
        _ => Style::new(),
    };
    Line::styled(format!(" {line}"), style)
}

fn written(below: &Below, area: Rect, look: Look, buffer: &mut Buffer) {
    let title = (!below.title.is_empty()).then(|| Line::styled(format!(" {}", below.title), look.bold()));
    let lines: Vec<&Line<'_>> = title.iter().chain(&below.lines).collect();
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        line.render(Rect { y, height: 1, ..area }, buffer);
    }
    let hidden = lines.len().saturating_sub(usize::from(area.height));
    if hidden > 0 && area.height > 0 {
        let more = Line::styled(format!(" … {} more (pgdn)", hidden + 1), look.dim());
        let last = Rect { y: area.bottom() - 1, height: 1, ..area };
        Clear.render(last, buffer);
        more.render(last, buffer);
    }
}

fn footer(standing: &[String], look: Look, area: Rect, buffer: &mut Buffer) {
    let mut lines = standing.iter().map(|line| Line::from(format!(" {line}")));
    if area.height == 1 {
        let left = lines.next().unwrap_or_default();
        return sides(left, Line::styled(format!("{SHORT_KEYS} "), look.dim()), area, buffer);
    }
    let keys = Line::styled(format!(" {SHORT_KEYS}"), look.dim());
    for (line, y) in lines.chain([keys]).zip(area.y..area.bottom()) {
        line.render(Rect { y, height: 1, ..area }, buffer);
    }
}

/// How the last build stands, in words.
fn standing(model: &Model, now: Duration) -> String {
    match &model.build {
        Build::None => String::new(),
        Build::Running { since } => {
            let took = elapsed(now.saturating_sub(*since));
            match model.caught_up {
                Some((ready, total)) => format!("{}, {took}", overlaid::progress(ready, total)),
                None => format!("building, {took}"),
            }
        }
        Build::Done { rebuilt, unchanged, dropped, tested, times } => {
            let mut parts = Vec::new();
            parts.extend(times.ready.map(|ready| format!("save → ready {}", elapsed(ready))));
            let mut counts = format!("{rebuilt} rebuilt, {unchanged} unchanged");
            if *dropped > 0 {
                counts += &format!(", {dropped} dropped");
            }
            parts.push(counts);
            parts.extend(tested.map(passed_told));
            parts.push(times.told());
            parts.join(" · ")
        }
        Build::Failed { times, .. } => {
            let after = times.ready.map(|took| format!(" after {}", elapsed(took))).unwrap_or_default();
            format!("failed{after} · {}", times.told())
        }
        Build::Stopped => "stopped; the last good versions stay".to_owned(),
    }
}
