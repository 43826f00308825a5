//! The question to an operator before a request that cannot be undone.

use shared::chat::operator::OperatorRequest;
use yew::prelude::*;

/// A request that cannot be undone: the operator is asked before it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sure {
    /// The question to the operator.
    pub question: String,
    /// The request that follows a yes.
    pub request: OperatorRequest,
}

/// Asks the operator, and makes the request after a yes.
pub fn question(
    asked: &Sure,
    ask: &Callback<OperatorRequest>,
    sure: &UseStateHandle<Option<Sure>>,
) -> Html {
    let yes = {
        let (ask, sure, request) = (ask.clone(), sure.setter(), asked.request.clone());
        Callback::from(move |_: MouseEvent| {
            sure.set(None);
            ask.emit(request.clone());
            // The lists show the change at once. Requests of other kinds are answered with their
            // list.
            match &request {
                OperatorRequest::DeleteRoom { .. } | OperatorRequest::Role { .. } => {
                    ask.emit(OperatorRequest::Rooms { after: None });
                }
                _ => ask.emit(OperatorRequest::Connections { after: None }),
            }
        })
    };
    let no = {
        let sure = sure.setter();
        Callback::from(move |_: MouseEvent| sure.set(None))
    };
    html! {
        <p class="question" role="alert">
            { &asked.question }{ " " }
            <button type="button" class="link" data-testid="console-yes" onclick={yes}>{ "Yes" }</button>
            { " " }
            <button type="button" class="link" data-testid="console-no" onclick={no}>{ "No" }</button>
        </p>
    }
}
