//! The page's state as a value that Yew's reducers can hold.

use std::rc::Rc;

use yew::prelude::*;

use crate::engine::memory::Memory;
use crate::state::{Action, State};

/// The page's state in Yew's terms, and the memory that keeps what it has to send. A type of its
/// own, so that [`State`] needs no Yew and is tested natively.
#[derive(PartialEq)]
pub struct Store(pub State, pub Memory);

impl Reducible for Store {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let next = self.0.reduce(action);
        // Here and not in an effect, which may run some frames later: the composer lets go of the
        // draft as soon as the entry is on its way, and a tab that ended in between had neither.
        if next.chat.outbox != self.0.chat.outbox {
            self.1.keep_outbox(next.chat.outbox.lines());
        }
        Rc::new(Self(next, self.1.clone()))
    }
}
