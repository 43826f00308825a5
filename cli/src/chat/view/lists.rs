//! The lists at the sides: the rooms, and the members of the one on the screen.

use client::room::Room;
use ratatui::text::{Line, Span};

use super::super::app::App;
use super::super::style::Look;
use crate::printable;

/// Returns the person's rooms with their unread counts, then the rooms that can be joined.
pub(super) fn rooms(app: &App, look: Look) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled("Rooms", Look::dim())];
    let namesakes = app.chat.namesakes();
    let joined = app.joined();
    let rooms = joined
        .iter()
        .filter_map(|id| app.chat.rooms.get(id).map(|room| (id, room)));
    let mut people = false;
    for (id, room) in rooms {
        if room.is_direct() && !std::mem::replace(&mut people, true) {
            lines.push(Line::default());
            lines.push(Line::styled("People", Look::dim()));
        }
        lines.push(entry(app, room, namesakes.contains(id), look));
    }
    let mut others = app
        .chat
        .rooms
        .values()
        .filter(|room| !room.is_joined())
        .peekable();
    if others.peek().is_some() {
        lines.push(Line::default());
        lines.push(Line::styled("Others", Look::dim()));
    }
    for room in others {
        let invited = if room.invited_by.is_some() {
            " (invited)"
        } else {
            ""
        };
        lines.push(Line::styled(
            format!("+ {}{invited}", label(room, namesakes.contains(&room.id))),
            Look::dim(),
        ));
    }
    lines
}

fn entry(app: &App, room: &Room, with_key: bool, look: Look) -> Line<'static> {
    let here = room.id == app.chat.current;
    let me = app.chat.me.as_ref();
    let unread = room.unread(me.map(|me| me.id));
    let meant = me.map_or(0, |me| room.mentions(me, false));
    let name = label(room, with_key);
    let mark = match (here, room.private && !room.is_direct()) {
        (true, _) => "› ",
        (_, true) => "⚿ ",
        _ => "  ",
    };
    let style = if here || unread > 0 {
        Look::bold()
    } else {
        ratatui::style::Style::new()
    };
    let mut line = Line::from(vec![Span::raw(mark), Span::styled(name, style)]);
    if meant > 0 {
        line.push_span(Span::styled(format!(" @{unread}"), look.meant()));
    } else if unread > 0 {
        line.push_span(Span::raw(format!(" {unread}")));
    }
    line
}

/// Returns a room's label as it can be shown.
pub(super) fn label(room: &Room, with_key: bool) -> String {
    printable::line(room.label(with_key).as_bytes())
}

/// Returns the members of the room in the room's own order: people who are online come first.
pub(super) fn members(app: &App, look: Look) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled(" People here", Look::dim())];
    let members = app.chat.room().map_or(&[][..], |room| &room.members);
    for member in members {
        let name = printable::line(member.name.as_str().as_bytes());
        // Names can be similar; the short fingerprint tells two people apart.
        let short = Span::styled(format!(" {}", member.id.0.short()), Look::dim());
        lines.push(if member.online {
            Line::from(vec![
                Span::raw(" ● "),
                Span::styled(name, look.person(member.id)),
                short,
            ])
        } else {
            Line::from(vec![Span::styled(format!(" ○ {name}"), Look::dim()), short])
        });
    }
    lines
}

/// Returns the first row to draw of a list, so that the chosen one is visible.
pub(super) fn first_row(chosen: usize, height: u16) -> u16 {
    let chosen = u16::try_from(chosen).unwrap_or(u16::MAX);
    chosen.saturating_add(1).saturating_sub(height)
}
