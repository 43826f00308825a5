//! Draws the layers over the log: lists to choose from, questions, help.

use client::search::Hit;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};
use ratatui_textarea::TextArea;

use super::super::app::{App, Connection};
use super::super::keys;
use super::super::layers::{Choice, Finder, Layer, REACTIONS, Switcher};
use super::super::style::Look;
use super::console;
use super::eye::Eye;
use super::lists::{first_row, label};
use crate::printable;

/// Draws the open layer, if it covers the log.
pub(super) fn draw(app: &App, eye: Eye<'_>, frame: &mut Frame<'_>, area: Rect) {
    match &app.layer {
        Layer::Nothing => stopped(app, frame, area),
        // These layers leave the log free; their keys are named below it.
        Layer::Picked(_) | Layer::React(_) => {}
        Layer::Switcher(it) => switcher(app, it, frame, area),
        Layer::Finder(it) => finder(app, it, eye, frame, area),
        Layer::Console(it) => {
            let inner = panel(frame, area, "Operators' console");
            console::draw(app, it, eye, frame, inner);
        }
        Layer::Help(row) => {
            let inner = panel(frame, area, "Keys");
            let lines = keys::HELP.iter().map(|(key, what)| {
                Line::from(vec![
                    Span::styled(format!(" {key:<26}"), Look::bold()),
                    Span::raw(*what),
                ])
            });
            let text = Text::from(lines.collect::<Vec<_>>());
            frame.render_widget(Paragraph::new(text).scroll((*row, 0)), inner);
        }
        Layer::Confirm { question, .. } => {
            // The question has a name or an address in it, which a stranger has chosen.
            let text = format!(
                "{}\n\ny yes · n no",
                printable::paragraph(
                    question.as_bytes(),
                    usize::from(area.width.saturating_sub(2))
                )
            );
            let inner = panel(frame, small(area, 7), "Are you sure?");
            frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }), inner);
        }
    }
}

/// Shows in full why no connection will be made: these sentences are the protection.
fn stopped(app: &App, frame: &mut Frame<'_>, area: Rect) {
    if let Connection::Stopped(why) = &app.connection
        && why.contains('\n')
    {
        let inner = panel(frame, area, "No connection");
        let text = Paragraph::new(why.as_str()).wrap(Wrap { trim: false });
        frame.render_widget(text, inner);
    }
}

/// Returns the help for the keys of a layer that leaves the log free.
pub(super) fn keys(layer: &Layer) -> Option<String> {
    match layer {
        Layer::Picked(_) => {
            Some("r reply · e change · d delete · + react · Up, Down · Esc".to_owned())
        }
        Layer::React(_) => {
            let keys = REACTIONS.iter().zip(1..);
            let keys: Vec<_> = keys.map(|(emoji, key)| format!("{key} {emoji}")).collect();
            Some(keys.join("  "))
        }
        _ => None,
    }
}

/// Draws a panel, and returns the area inside of its border.
fn panel(frame: &mut Frame<'_>, area: Rect, title: &str) -> Rect {
    let block = Block::bordered().title(format!(" {title} "));
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    inner
}

fn small(area: Rect, height: u16) -> Rect {
    let [_, middle, _] = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Length(height.min(area.height)),
        Constraint::Fill(1),
    ])
    .areas(area);
    middle
}

fn switcher(app: &App, it: &Switcher, frame: &mut Frame<'_>, area: Rect) {
    let rooms = it.rooms(&app.chat);
    let namesakes = app.chat.namesakes();
    let lines = rooms
        .iter()
        .filter_map(|id| app.chat.rooms.get(id))
        .map(|room| {
            let join = if room.is_joined() { "" } else { " (join)" };
            let label = label(room, namesakes.contains(&room.id));
            Line::from(format!(" {label}{join}"))
        });
    let inner = panel(frame, area, "Go to");
    choose(frame, inner, &it.input, it.choice, lines.collect());
}

fn finder(app: &App, it: &Finder, eye: Eye<'_>, frame: &mut Frame<'_>, area: Rect) {
    let hits = it.hits(&app.chat);
    let namesakes = app.chat.namesakes();
    let lines = hits
        .iter()
        .map(|hit| found(app, hit, namesakes.contains(&hit.room), eye))
        .collect();
    let asked = it
        .query()
        .is_some_and(|query| app.chat.search.has_answered(&query));
    let state = if app.chat.search.is_asking() {
        "Search: asking the server …"
    } else if asked && hits.is_empty() {
        "Search: nothing was found"
    } else if asked {
        "Search: Enter goes there"
    } else {
        "Search: Enter asks the server, too"
    };
    let inner = panel(frame, area, state);
    choose(frame, inner, &it.input, it.choice, lines);
}

fn found(app: &App, hit: &Hit, with_key: bool, eye: Eye<'_>) -> Line<'static> {
    let room = app.chat.rooms.get(&hit.room);
    let room = room.map_or_else(|| hit.room.to_string(), |room| room.label(with_key));
    let text = hit.message.text.as_deref().unwrap_or_default();
    let from = &hit.message.from.name;
    let start = format!(" {room} · {from} · {}: ", eye.zone.day(hit.message.at));
    Line::from(vec![
        Span::styled(printable::line(start.as_bytes()), Look::dim()),
        Span::raw(printable::line(text.as_bytes())),
    ])
}

/// Draws a field to type in, and below it the list to choose from.
fn choose(
    frame: &mut Frame<'_>,
    area: Rect,
    input: &TextArea<'_>,
    choice: Choice,
    mut lines: Vec<Line<'static>>,
) {
    let [top, list] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    frame.render_widget(input, top);
    let column = u16::try_from(input.screen_cursor().col).unwrap_or(u16::MAX);
    let x = top
        .x
        .saturating_add(column)
        .min(top.right().saturating_sub(1));
    frame.set_cursor_position(Position::new(x, top.y));
    let chosen = choice.0.min(lines.len().saturating_sub(1));
    if let Some(line) = lines.get_mut(chosen) {
        *line = std::mem::take(line).patch_style(Look::chosen());
    }
    let first = first_row(chosen, list.height);
    frame.render_widget(Paragraph::new(Text::from(lines)).scroll((first, 0)), list);
}
