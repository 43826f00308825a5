//! Numbers and times in the form that people read.

use std::cell::{Cell, RefCell};

use js_sys::Intl::{self, DateTimeStyle, HourCycle};
use js_sys::{Array, Function};
use shared::chat::Timestamp;
use wasm_bindgen::JsValue;
use yew::prelude::*;

use crate::state::settings::Clock;

/// Shows a sentence in which flags such as `--allow-v1` stand as code, whole on one line.
pub fn sentence(text: &str) -> Html {
    let words = text
        .split_inclusive(' ')
        .map(|word| match word.strip_prefix("--") {
            Some(_) => {
                let flag = word.trim_end_matches([' ', '.', ',']);
                html! { <><code class="flag">{ flag }</code>{ &word[flag.len()..] }</> }
            }
            None => html! { { word } },
        });
    words.collect()
}

/// Formats a number of bytes: `12.3 KB`, `459 bytes`.
pub fn bytes(count: u64) -> String {
    match count {
        1 => "1 byte".into(),
        0..10_000 => format!("{} bytes", thousands(count)),
        10_000..10_000_000 => format!("{}.{} KB", count / 1000, count % 1000 / 100),
        _ => format!("{}.{} MB", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

/// Formats a number: `1 234`, with a narrow space that does not break.
pub fn thousands(count: u64) -> String {
    match count {
        0..1000 => count.to_string(),
        _ => format!("{}\u{202f}{:03}", thousands(count / 1000), count % 1000),
    }
}

/// Formats a count: `1 frame`, `2 frames`, `2 people`.
pub fn count(count: u64, thing: &str) -> String {
    let number = thousands(count);
    match (count, thing) {
        (1, _) => format!("{number} {thing}"),
        (_, "person") => format!("{number} people"),
        _ => format!("{number} {thing}s"),
    }
}

/// Formats microseconds: `12.3 ms` or `1.20 s`.
pub fn duration(micros: u64) -> String {
    match micros {
        0..100_000 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        100_000..1_000_000 => format!("{} ms", micros / 1000),
        _ => format!(
            "{}.{:02} s",
            micros / 1_000_000,
            micros % 1_000_000 / 10_000
        ),
    }
}

/// Returns a time of the server in milliseconds since 1970, in which this page counts.
pub fn unix_ms(at: Timestamp) -> u64 {
    // No event of a chat is older than 1970.
    u64::try_from(at.unix_millis()).unwrap_or(0)
}

/// Formats a time of the day, as the browser's language has it: `14:05`, `2:05 PM`.
pub fn time(at: u64) -> String {
    // Some languages have a blank in it that does not break; beside a message there is place for
    // two short lines only.
    format(at, Form::Time).replace('\u{202f}', " ")
}

/// Formats a date and time: `31 Jan 2026, 14:05`.
pub fn date_time(at: u64) -> String {
    format(at, Form::DateTime)
}

/// Formats a moment with everything that is known of it, for tool tips:
/// `Saturday 31 January 2026 at 14:05:09`.
pub fn moment(at: u64) -> String {
    format(at, Form::Moment)
}

/// Returns a moment as programs read it, for `<time datetime>`.
pub fn iso(at: u64) -> String {
    String::from(date(at).to_iso_string())
}

/// Returns the number of the day on this device's calendar.
pub fn day_number(at: u64) -> i64 {
    let date = date(at);
    // Any numbers are right that differ from day to day.
    i64::from(date.get_full_year()) * 400 + i64::from(date.get_month() * 32 + date.get_date())
}

/// Formats a day: `Today`, `Yesterday`, or the date in the browser's language.
pub fn date_line(at: u64) -> String {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    let now = js_sys::Date::now();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let now = now as u64;
    if day_number(at) == day_number(now) {
        return "Today".to_owned();
    }
    if day_number(at) == day_number(now.saturating_sub(DAY_MS)) {
        return "Yesterday".to_owned();
    }
    format(at, Form::Day)
}

/// A form of a moment, in the browser's language and time zone.
#[derive(Debug, Clone, Copy)]
enum Form {
    Time,
    Day,
    DateTime,
    Moment,
}

impl Form {
    const ALL: [Self; 4] = [Self::Time, Self::Day, Self::DateTime, Self::Moment];

    /// Makes the browser's formatter for this form.
    fn formatter(self) -> Function {
        let options = Intl::DateTimeFormatOptions::new();
        let (date, time) = match self {
            Self::Time => (None, Some(DateTimeStyle::Short)),
            Self::Day => (Some(DateTimeStyle::Full), None),
            Self::DateTime => (Some(DateTimeStyle::Medium), Some(DateTimeStyle::Short)),
            Self::Moment => (Some(DateTimeStyle::Full), Some(DateTimeStyle::Medium)),
        };
        if let Some(date) = date {
            options.set_date_style(date);
        }
        if let Some(time) = time {
            options.set_time_style(time);
        }
        match CLOCK.get() {
            Clock::Browser => {}
            Clock::Hours24 => options.set_hour_cycle(HourCycle::H23),
            Clock::Hours12 => options.set_hour_cycle(HourCycle::H12),
        }
        // No language is named: the browser's own.
        Intl::DateTimeFormat::new(&Array::new(), &options).format()
    }
}

thread_local! {
    /// The formatters, by form, and the offset of the time zone for which they were made. They are
    /// kept, because making one takes as long as a hundred uses; and made anew in another zone,
    /// because a formatter keeps the one that it began in.
    static FORMATTERS: RefCell<Option<(f64, [Function; 4])>> = const { RefCell::new(None) };
}

thread_local! {
    static CLOCK: Cell<Clock> = const { Cell::new(Clock::Browser) };
}

/// Takes the clock of all times that are formatted from now on.
pub fn set_clock(clock: Clock) {
    if CLOCK.replace(clock) != clock {
        FORMATTERS.take();
    }
}

fn format(at: u64, form: Form) -> String {
    let offset = js_sys::Date::new_0().get_timezone_offset();
    let formatter = FORMATTERS.with_borrow_mut(|kept| {
        let kept = match kept {
            #[allow(
                clippy::float_cmp,
                reason = "the browser's own number, not a computed one"
            )]
            Some((zone, formatters)) if *zone == offset => formatters,
            kept => &mut kept.insert((offset, Form::ALL.map(Form::formatter))).1,
        };
        kept[form as usize].clone()
    });
    let text = formatter.call1(&JsValue::UNDEFINED, &date(at));
    // It fails only for moments that no calendar has.
    text.ok().and_then(|it| it.as_string()).unwrap_or_default()
}

#[allow(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 fit 53 bits"
)]
fn date(at: u64) -> js_sys::Date {
    js_sys::Date::new(&JsValue::from_f64(at as f64))
}
