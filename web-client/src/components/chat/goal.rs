//! The message that the log is to show: one that was searched for, or that another one answers.

use client::Chat;
use shared::chat::Seq;
use yew::prelude::*;

/// The state of the message to show.
#[derive(Clone)]
pub(super) struct GoalState(UseStateHandle<Option<(Seq, u32)>>);

impl GoalState {
    /// Returns the message, and the number of times that it was asked for.
    pub(super) fn shown(&self) -> Option<(Seq, u32)> {
        *self.0
    }

    /// Shows the message `seq`.
    pub(super) fn show(&self, seq: Seq) {
        // The count makes a second request for the same message differ from the first, so that it
        // scrolls there again.
        let times = self.0.map_or(0, |(_, times)| times);
        self.0.set(Some((seq, times + 1)));
    }
}

/// Returns the message to show in the room on the screen, which has this number.
#[hook]
pub(super) fn use_goal(chat: &Chat, number: u64) -> GoalState {
    let shown = use_state(|| None::<(Seq, u32)>);
    use_effect_with(number, {
        let shown = shown.setter();
        move |_| shown.set(None)
    });
    let goal = GoalState(shown);
    // What was searched for is shown as soon as it has been loaded. An unread entry need not be a
    // message; then the first one behind it is shown.
    let wanted = chat.goal.clone().filter(|goal| goal.room == chat.current);
    let found = wanted.and_then(|goal| {
        let log = &chat.room()?.log;
        log.first().filter(|first| *first <= goal.seq)?;
        let message = log.messages().iter().find(|it| it.seq >= goal.seq)?;
        Some((message.seq, goal.number))
    });
    use_effect_with(found, {
        let goal = goal.clone();
        move |found| {
            if let Some((seq, _)) = *found {
                goal.show(seq);
            }
        }
    });
    goal
}
