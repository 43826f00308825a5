//! A QR code, drawn in the page: dark on white in every theme, as cameras want it.

use yew::prelude::*;

use crate::state::qr;

/// Props of [`Qr`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct QrProps {
    /// What it says.
    pub text: AttrValue,
    /// What it is, for those who cannot see it.
    pub label: AttrValue,
    /// Its `data-testid`; the text is its `data-text`.
    #[prop_or_default]
    pub test_id: Option<AttrValue>,
}

/// A QR code.
#[component(Qr)]
pub fn qr(props: &QrProps) -> Html {
    let drawing = use_memo(props.text.clone(), |text| qr::draw(text));
    match &*drawing {
        Some(drawing) => html! {
            <svg
                class="qr"
                viewBox={format!("0 0 {0} {0}", drawing.size)}
                role="img"
                aria-label={props.label.clone()}
                shape-rendering="crispEdges"
                data-testid={props.test_id.clone()}
                data-text={props.text.clone()}
            >
                <path class="qr-ground" d={format!("M0 0h{0}v{0}h-{0}z", drawing.size)} />
                <path class="qr-modules" d={drawing.path.clone()} />
            </svg>
        },
        None => html! {},
    }
}
