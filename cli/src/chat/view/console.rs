//! The operators' console: the server's state, its connections, bans and log.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Paragraph, Wrap};
use shared::chat::operator::ConnectionInfo;

use super::super::app::App;
use super::super::layers::{Console, Tab};
use super::super::style::Look;
use super::eye::Eye;
use super::lists::first_row;
use crate::printable;

/// Draws the console into `area`.
pub(super) fn draw(app: &App, it: &Console, eye: Eye<'_>, frame: &mut Frame<'_>, area: Rect) {
    let [status, tabs, list, keys] = Layout::vertical([
        Constraint::Length(5),
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(2),
    ])
    .areas(area);
    let mut told = vec![how_it_is(app, eye)];
    if let Some(status) = &app.chat.operating.status {
        told.push(Line::styled(status.limits.to_string(), Look::dim()));
    }
    let text = Paragraph::new(Text::from(told)).wrap(Wrap { trim: true });
    frame.render_widget(text, status);
    let titles = Tab::ALL.iter().flat_map(|tab| {
        let style = if *tab == it.tab {
            Look::chosen()
        } else {
            Look::dim()
        };
        [
            Span::styled(format!(" {} ", tab.title()), style),
            Span::raw(" "),
        ]
    });
    frame.render_widget(titles.collect::<Line<'_>>(), tabs);
    let mut lines = lines(app, it.tab, eye);
    let chosen = it.choice.0.min(lines.len().saturating_sub(1));
    if it.tab != Tab::Log
        && let Some(line) = lines.get_mut(chosen)
    {
        *line = std::mem::take(line).patch_style(Look::chosen());
    }
    let first = first_row(chosen, list.height);
    frame.render_widget(Paragraph::new(Text::from(lines)).scroll((first, 0)), list);
    let help = match it.tab {
        Tab::Connections => "k end · b keep out the key · a keep out the address · r again",
        Tab::Bans => "u let in again · r again",
        Tab::Log => "latest first",
    };
    let help = format!("Tab next · s stop or start the server · {help} · Esc");
    frame.render_widget(
        Paragraph::new(Span::styled(help, Look::dim())).wrap(Wrap { trim: true }),
        keys,
    );
}

fn how_it_is(app: &App, eye: Eye<'_>) -> Line<'static> {
    let Some(status) = &app.chat.operating.status else {
        return Line::styled("asking the server …", Look::dim());
    };
    let state = if status.listening {
        Span::styled("takes everybody", Look::bold())
    } else {
        Span::styled("STOPPED: takes operators only", eye.look.error())
    };
    let started = u64::try_from(status.started.unix_millis()).unwrap_or(0);
    let plaintext = if status.log_plaintext {
        " · the log has what people say"
    } else {
        ""
    };
    Line::from(vec![
        state,
        Span::raw(format!(
            " · {} of {} connections, {} an address · since {} {}{plaintext}",
            status.connections,
            status.max_connections,
            status.max_connections_per_address,
            eye.zone.day(started),
            eye.zone.time(started),
        )),
    ])
}

fn lines(app: &App, tab: Tab, eye: Eye<'_>) -> Vec<Line<'static>> {
    // Names, addresses, reasons and log lines come from strangers, so all of them go through the
    // filter.
    let operating = &app.chat.operating;
    let line = |text: String| Line::from(printable::line(text.as_bytes()));
    match tab {
        Tab::Connections => operating
            .connections
            .iter()
            .map(connection)
            .map(line)
            .collect(),
        Tab::Bans => {
            let bans = operating
                .bans
                .iter()
                .map(|ban| line(format!(" {}  {}", ban.who, ban.reason.as_str())));
            bans.collect()
        }
        Tab::Log => {
            let log = operating.log.iter().rev().map(|it| {
                let at = u64::try_from(it.at.unix_millis()).unwrap_or(0);
                let level = format!("{:?}", it.level).to_uppercase();
                line(format!(" {} {level:<5} {}", eye.zone.time(at), it.text))
            });
            log.collect()
        }
    }
}

fn connection(it: &ConnectionInfo) -> String {
    let name = it.name.as_ref().map_or("(handshake)", |name| name.as_str());
    let key = it.id.map_or_else(String::new, |id| id.0.short());
    let version = it.version.as_deref().unwrap_or("–");
    format!(
        " {name:<20} {key:<8} {:<24} {:<3} {version:<2} {:>10} in {:>10} out",
        it.address, it.transport, it.bytes_in, it.bytes_out
    )
}
