//! What the person types on the connect screen, and what is wrong with it.

use client::lines;
use shared::connection::Version;
use yew::prelude::*;

use crate::hooks::{use_last_name, use_last_server};
use crate::state::address::{self, Origin};
use crate::state::connection::Target;

/// The form of the connect screen.
pub(super) struct Form {
    /// The name as it was typed.
    pub(super) name: AttrValue,
    /// The mistake in the name.
    pub(super) name_error: Option<String>,
    /// Called when the person changes the name.
    pub(super) on_name: Callback<String>,
    /// The server's address as it was typed.
    pub(super) server: AttrValue,
    /// The mistake in the address.
    pub(super) server_error: Option<String>,
    /// Called when the person changes the address.
    pub(super) on_server: Callback<String>,
    /// Called when the person wants to connect.
    pub(super) on_submit: Callback<SubmitEvent>,
}

/// Returns the form, which calls `on_connect` when name and address are right.
#[hook]
pub(super) fn use_form(origin: &Origin, version: Version, on_connect: &Callback<Target>) -> Form {
    let name = use_last_name();
    let server = use_last_server();
    let name_error = use_state(|| None::<String>);
    let server_error = use_state(|| None::<String>);
    let on_name = {
        let (name, error) = (name.clone(), name_error.setter());
        Callback::from(move |value| {
            name.change(value);
            error.set(None);
        })
    };
    let on_server = {
        let (server, error) = (server.clone(), server_error.setter());
        Callback::from(move |value| {
            server.change(value);
            error.set(None);
        })
    };
    let on_submit = {
        let (name, server) = (name.clone(), server.clone());
        let (name_error, server_error) = (name_error.setter(), server_error.setter());
        let (origin, on_connect) = (origin.clone(), on_connect.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            // Both are checked, so that a person with two mistakes sees both at once.
            let checked_name = lines::check_name(name.text().trim());
            let checked_server = address::parse(server.text(), &origin);
            name_error.set(checked_name.err().map(str::to_owned));
            server_error.set(checked_server.as_ref().err().map(ToString::to_string));
            if let (Ok(()), Ok(checked)) = (checked_name, checked_server) {
                name.remember();
                server.remember();
                on_connect.emit(Target {
                    name: name.text().trim().to_owned(),
                    server: checked,
                    version,
                });
            }
        })
    };
    Form {
        name: name.text().to_owned().into(),
        name_error: (*name_error).clone(),
        on_name,
        server: server.text().to_owned().into(),
        server_error: (*server_error).clone(),
        on_server,
        on_submit,
    }
}
