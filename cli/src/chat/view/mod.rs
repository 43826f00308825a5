//! Draws the chat. Nothing here changes the state; the [keys](super::keys) do.

mod console;
mod eye;
mod lists;
mod overlay;

use client::markup;
use client::room::Room;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Borders, Paragraph};
use tokio::time::Instant;

use super::app::{App, Connection, Shown};
use super::composer::About;
use super::layers::Layer;
use super::rows::Log;
use super::style::Look;
use crate::printable;

pub(crate) use eye::Eye;

/// The columns below which the list of rooms is left out.
const COLUMNS_FOR_ROOMS: u16 = 72;
/// The columns below which the list of people is left out.
const COLUMNS_FOR_MEMBERS: u16 = 104;
/// The columns of a list.
const LIST_COLUMNS: u16 = 24;
/// The most rows of the text that is being written.
const COMPOSER_ROWS: u16 = 6;
/// The size below which nothing useful fits.
const SMALLEST: (u16, u16) = (20, 6);

/// Draws the whole screen, and returns its measures.
pub(crate) fn draw(app: &App, eye: Eye<'_>, frame: &mut Frame<'_>) -> Shown {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        frame.render_widget("too small", area);
        return app.shown;
    }
    let writing = app.composer.rows(area.width).clamp(1, COMPOSER_ROWS);
    // Does not underflow, because a screen of fewer than six rows has returned above.
    let writing = writing.min(area.height - 5);
    let [title, middle, status, about, input] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
        Constraint::Length(u16::from(app.composer.about.is_some())),
        Constraint::Length(writing),
    ])
    .areas(area);
    let lists = |columns: u16| {
        Constraint::Length(if area.width >= columns {
            LIST_COLUMNS
        } else {
            0
        })
    };
    let [rooms, log, members] = Layout::horizontal([
        lists(COLUMNS_FOR_ROOMS),
        Constraint::Min(1),
        lists(COLUMNS_FOR_MEMBERS),
    ])
    .areas(middle);
    frame.render_widget(title_line(app).style(Look::chosen()), title);
    if rooms.width > 0 {
        list(frame, rooms, Borders::RIGHT, lists::rooms(app, eye.look));
    }
    if members.width > 0 {
        list(frame, members, Borders::LEFT, lists::members(app, eye.look));
    }
    let shown = draw_log(app, eye, frame, log);
    frame.render_widget(status_line(app, eye), status);
    if app.composer.about.is_some() {
        frame.render_widget(about_line(app, eye), about);
    }
    draw_composer(app, frame, input);
    overlay::draw(app, eye, frame, middle);
    shown
}

fn list(frame: &mut Frame<'_>, area: Rect, border: Borders, lines: Vec<Line<'static>>) {
    let block = Block::new()
        .borders(border)
        .border_style(Style::new().dim());
    frame.render_widget(Paragraph::new(Text::from(lines)).block(block), area);
}

fn draw_log(app: &App, eye: Eye<'_>, frame: &mut Frame<'_>, area: Rect) -> Shown {
    let Some(room) = app.chat.room() else {
        return app.shown;
    };
    let outgoing = app.on_their_way();
    let log = Log {
        room,
        outgoing: &outgoing,
        me: app.chat.me.as_ref(),
        picked: match app.layer {
            Layer::Picked(seq) | Layer::React(seq) => Some(seq),
            _ => None,
        },
        width: area.width,
        look: eye.look,
        zone: eye.zone,
    };
    let height = usize::from(area.height);
    let rows = log.seen(app.place, height);
    let first = room.log.first();
    let oldest = rows.len() < height || rows.first().is_some_and(|row| Some(row.of) == first);
    // A short log stands at the bottom, where the next message appears.
    let above = height.saturating_sub(rows.len());
    let blank = std::iter::repeat_n(Line::default(), above);
    let lines: Vec<_> = blank.chain(rows.into_iter().map(|row| row.line)).collect();
    frame.render_widget(Text::from(lines), area);
    Shown {
        rows: area.height,
        width: area.width,
        oldest,
    }
}

fn draw_composer(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let [prompt, input] =
        Layout::horizontal([Constraint::Length(2), Constraint::Min(1)]).areas(area);
    frame.render_widget(Span::styled("> ", Look::bold()), prompt);
    if app.composer.is_empty() {
        let room = app.chat.room().map(|room| label(app, room));
        let text = format!("Write to {}", room.unwrap_or_default());
        frame.render_widget(Span::styled(text, Look::dim()), input);
    } else {
        frame.render_widget(&app.composer.area, input);
    }
    if matches!(app.layer, Layer::Nothing) {
        let cursor = app.composer.area.screen_cursor();
        let (top, left) = app.composer.area.scroll_offset();
        let offset =
            |at: usize, from: u16| u16::try_from(at).unwrap_or(u16::MAX).saturating_sub(from);
        let x = input.x.saturating_add(offset(cursor.col, left));
        let y = input.y.saturating_add(offset(cursor.row, top));
        // A real cursor, which screen readers and input methods follow.
        let (right, bottom) = (input.right() - 1, input.bottom() - 1);
        frame.set_cursor_position(Position::new(x.min(right), y.min(bottom)));
    }
}

/// Returns the label of the room on the screen, with the key of a person who has a namesake.
fn label(app: &App, room: &Room) -> String {
    let has_namesake = room.is_direct() && app.chat.namesakes().contains(&room.id);
    lists::label(room, has_namesake)
}

/// Returns the line with the room and its topic.
fn title_line(app: &App) -> Line<'static> {
    let Some(room) = app.chat.room() else {
        return Line::default();
    };
    let mut text = format!(" {}", label(app, room));
    if room.private && !room.is_direct() {
        text.push_str(" (private)");
    }
    let people = room.members.iter().filter(|it| it.online).count();
    text = format!("{text} · {people} here");
    let mut spans = vec![Span::styled(text, Look::bold())];
    let topic = room.topic.as_str();
    if !topic.is_empty() {
        spans.push(Span::raw(format!(
            " · {}",
            printable::line(topic.as_bytes())
        )));
    }
    Line::from(spans)
}

/// Returns the line of the present state: a lost connection, people who write, messages further
/// down.
fn status_line(app: &App, eye: Eye<'_>) -> Line<'static> {
    let look = eye.look;
    match &app.connection {
        Connection::Connecting => {
            return Line::styled(format!("Connecting to {} …", app.server), look.warning());
        }
        Connection::Down { why, retry_at } => {
            let seconds = retry_at.saturating_duration_since(Instant::now()).as_secs() + 1;
            let text = format!("Next attempt in {seconds} s, or now with Ctrl-R · {why}");
            return Line::styled(text, look.error());
        }
        Connection::Stopped(why) => {
            // The whole text lies over the log.
            let first = why.lines().next().unwrap_or_default();
            return Line::styled(format!("{first} (Ctrl-R tries again)"), look.error());
        }
        Connection::Up { .. } => {}
    }
    if let Some(keys) = overlay::keys(&app.layer) {
        return Line::styled(keys, look.warning());
    }
    let mut parts = Vec::new();
    if let Some(room) = app.chat.room() {
        if room.loading {
            parts.push(Span::styled("loading … ", Look::dim()));
        }
        let last = room.log.last().unwrap_or(0);
        let below = app.place.map_or(0, |place| last.saturating_sub(place.seq));
        if below > 0 {
            let text = format!("↓ {below} further down (Esc) ");
            parts.push(Span::styled(text, look.warning()));
        }
    }
    let typists = app.typists(eye.at);
    if !typists.is_empty() {
        let verb = if typists.len() == 1 { "is" } else { "are" };
        let text = format!("{} {verb} writing … ", typists.join(", "));
        parts.push(Span::styled(text, Look::dim()));
    }
    if parts.is_empty() {
        parts.push(Span::styled(hint(app), Look::dim()));
    }
    Line::from(parts)
}

/// Returns the person's name, the security level, and the key for help.
fn hint(app: &App) -> String {
    let name = app.chat.own_name().unwrap_or("…");
    let name = printable::line(name.as_bytes());
    let safety = match &app.connection {
        Connection::Up {
            version: shared::connection::Version::V1,
            ..
        } => "v1, INSECURE".to_owned(),
        Connection::Up { version, id, .. } => match id {
            Some(id) => format!("{version}, session {id}"),
            None => version.to_string(),
        },
        _ => String::new(),
    };
    let operator = if app.chat.operator { ", operator" } else { "" };
    format!("{name}{operator} · {safety} · F1 help")
}

fn about_line(app: &App, eye: Eye<'_>) -> Line<'static> {
    let (verb, seq) = match app.composer.about {
        Some(About::Reply(seq)) => ("Reply to", seq),
        Some(About::Edit(seq)) => ("Change", seq),
        None => return Line::default(),
    };
    let message = app.chat.room().and_then(|room| room.log.message(seq));
    let said = message.map_or_else(String::new, |message| {
        let first = markup::first_line(message.text.as_deref().unwrap_or_default());
        format!("{}: {first}", message.from.name)
    });
    let text = format!("{verb} {} (Esc)", printable::line(said.as_bytes()));
    Line::styled(text, eye.look.warning())
}

#[cfg(test)]
mod tests;
