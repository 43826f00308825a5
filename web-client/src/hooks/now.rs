//! A clock for the seconds on the screen.

use gloo_timers::callback::Interval;
use yew::prelude::*;

use crate::engine::clock;

/// Returns the milliseconds since 1970, renewed four times a second while `running`.
#[hook]
pub fn use_now(running: bool) -> u64 {
    let now = use_state(clock::epoch_ms);
    let setter = now.setter();
    use_effect_with(running, move |running| {
        setter.set(clock::epoch_ms());
        // More often than once a second, because timers fire late and a countdown would skip a
        // number.
        let interval = running.then(|| Interval::new(250, move || setter.set(clock::epoch_ms())));
        move || drop(interval)
    });
    *now
}
