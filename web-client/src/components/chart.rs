//! A small chart of a figure over the last minutes.

use std::fmt::Write as _;

use yew::prelude::*;

/// The size of the drawing in its own units; the styles scale it.
const WIDTH: u64 = 100;
const HEIGHT: u64 = 24;

/// Shows a chart of `values`, oldest first, with the present value. `shown` writes a value.
pub fn chart(label: &'static str, values: &[u64], shown: fn(u64) -> String) -> Html {
    let most = values.iter().copied().max().unwrap_or(0);
    let now = values
        .last()
        .map_or_else(|| "–".to_owned(), |now| shown(*now));
    let spoken = format!("{label}: {now} now, {} at most", shown(most));
    html! {
        <figure class="chart">
            <figcaption>{ label }{ " " }<b>{ now }</b></figcaption>
            <svg viewBox={format!("0 -1 {WIDTH} {}", HEIGHT + 2)} preserveAspectRatio="none" role="img" aria-label={spoken}>
                <polyline points={points(values, most)} />
            </svg>
        </figure>
    }
}

/// Returns the points of the line: the oldest value at the left, and the largest at the top.
fn points(values: &[u64], most: u64) -> String {
    let last = values.len().saturating_sub(1).max(1) as u64;
    let mut points = String::new();
    for (at, value) in (0..).zip(values) {
        let up = u128::from(*value) * u128::from(HEIGHT * 10) / u128::from(most.max(1));
        let up = u64::try_from(up).unwrap_or(0);
        let (x, y) = (at * WIDTH * 10 / last, HEIGHT * 10 - up);
        let _ = write!(points, "{}.{},{}.{} ", x / 10, x % 10, y / 10, y % 10);
    }
    points
}
