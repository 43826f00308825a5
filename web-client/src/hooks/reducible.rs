//! The page's state as a value that Yew's reducers can hold.

use std::rc::Rc;

use yew::prelude::*;

use crate::state::{Action, State};

/// The page's state in Yew's terms. A type of its own, so that [`State`] needs no Yew and is tested
/// natively.
#[derive(Debug, PartialEq)]
pub struct Store(pub State);

impl Reducible for Store {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        Rc::new(Self(self.0.reduce(action)))
    }
}
