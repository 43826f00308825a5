//! A callback that stays the same while what it does changes.

use yew::prelude::*;

/// Returns a callback that calls the `callback` of the latest render, and is the same in all of
/// them. What is given a callback made anew is rendered with every render of its parent: of two
/// hundred messages each one, whenever another arrives.
#[hook]
pub fn use_latest<IN: 'static, OUT: 'static>(callback: Callback<IN, OUT>) -> Callback<IN, OUT> {
    let latest = use_mut_ref(|| callback.clone());
    *latest.borrow_mut() = callback;
    let same = use_memo((), move |()| {
        Callback::from(move |given| {
            // Released first: the callback may render at once.
            let callback = latest.borrow().clone();
            callback.emit(given)
        })
    });
    (*same).clone()
}
