//! The sentences for people when a connection is refused or ends badly: what happened, what it may
//! mean, and the way out. They stand in one place, because these sentences are the protection.

use std::fmt::{self, Write};

use shared::connection::{CloseReason, Version};
use shared::error::{Error, Untrusted};
use shared::identity::Fingerprint;
use shared::trust::{Pin, UnixTime, words};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::address::{Address, Endpoint};
use crate::exit::{Code, Failure};
use crate::printable;
use crate::session::{Ending, Outcome};
use crate::wish::Wish;

/// The port on which a server listens for TCP unless it is told another.
const TCP_PORT: u16 = 5000;

/// Formats a moment for people, in UTC.
pub(crate) fn date(time: UnixTime) -> String {
    i64::try_from(time.0)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| time.to_string())
}

/// Formats a key in both forms that people compare, each on a line.
pub(crate) fn key(label: &str, fingerprint: Fingerprint) -> String {
    format!(
        "  {label:<10} {fingerprint}\n  {:<10} {}",
        "",
        words(&fingerprint)
    )
}

/// Returns the failure for a server whose key differs from the pinned one.
pub(crate) fn changed(address: &Address, pin: &Pin, presented: Fingerprint) -> Failure {
    Failure::new(
        Code::KeyChanged,
        format!(
            "THE KEY OF THIS SERVER HAS CHANGED. Nothing was sent to it.\n\
             \n\
             Somebody may sit between you and the server right now, to read and to change all that \
             you write (a man in the middle).\n\
             It may also be innocent: a server that was set up anew has a new key. Ask whoever \
             runs it, over another way than this connection, and compare the words.\n\
             \n\
             {:<12} {address}\n{}\n{}\n  {:<10} pinned {}\n\
             \n\
             If the new key is the right one, forget the old one, then connect again:\n\
             \n  secure-chat pins remove {address}",
            "  address",
            key("pinned", pin.fingerprint),
            key("presented", presented),
            "since",
            date(pin.first_seen),
        ),
    )
}

/// Returns the failure for a server whose key differs from the one that was given with `--pin`.
fn not_expected(address: &Address, expected: Fingerprint, presented: Fingerprint) -> Failure {
    Failure::new(
        Code::KeyChanged,
        format!(
            "THE SERVER'S KEY IS NOT THE ONE GIVEN WITH --pin. Nothing was sent to it.\n\
             \n\
             Somebody may sit between you and the server right now, or the fingerprint is of \
             another server, or of an old key of this one. Ask whoever gave it to you.\n\
             \n\
             {:<12} {address}\n{}\n{}",
            "  address",
            key("--pin", expected),
            key("presented", presented),
        ),
    )
}

/// Returns the failure for a pin that contradicts `--pin`; no connection was made.
pub(crate) fn other_pin(address: &Address, pin: &Pin, expected: Fingerprint) -> Failure {
    Failure::new(
        Code::KeyChanged,
        format!(
            "another key is pinned for {address} than the one given with --pin. No connection was \
             made.\n{}\n{}\n\
             If the one of --pin is right, forget the other: secure-chat pins remove {address}",
            key("pinned", pin.fingerprint),
            key("--pin", expected),
        ),
    )
}

/// Returns the failure for a lower version than was spoken before.
pub(crate) fn version_floor(address: &Address, version: Version, pin: &Pin) -> Failure {
    Failure::new(
        Code::VersionFloor,
        format!(
            "protocol {version} is refused for {address}, because {highest} was spoken with it \
             before (last on {last}). No connection was made.\n\
             {version} cannot prove who the server is: somebody in between could impose it to read \
             everything.\n\
             If the server really speaks only {version} now, forget it: \
             secure-chat pins remove {address}",
            highest = pin.highest,
            last = date(pin.last_seen),
        ),
    )
}

/// Returns the failure for an unknown server without a person to ask.
pub(crate) fn unknown(address: &Address, presented: Fingerprint) -> Failure {
    Failure::new(
        Code::Untrusted,
        format!(
            "the server at {address} is not known yet, and there is nobody to ask. Its key is\n{}\n\
             If that is right, give it with --pin {presented}\n\
             To pin whatever key a new server has, unseen, give --accept-new.",
            key("", presented),
        ),
    )
}

/// Returns the failure for a key that a person did not trust.
pub(crate) fn declined(address: &Address) -> Failure {
    Failure::new(
        Code::Untrusted,
        format!("the key of {address} was not trusted; nothing was sent and nothing is remembered"),
    )
}

/// Returns the sentence for a port that speaks TLS, and nothing of the chat directly in it, which
/// `tls://` expects: that of a proxy.
pub(crate) fn no_session_in_tls(address: &Address) -> String {
    let host = host_and_port(address);
    format!(
        "this port speaks TLS, but not the chat's protocol directly in it. Use wss://{host}/ws if it \
         is the one of a web server"
    )
}

/// Returns the sentence for a certificate that no authority known here vouches for, such as one that a
/// server has signed itself.
pub(crate) fn unknown_issuer(address: &Address, cause: &dyn fmt::Display) -> String {
    let tcp = Address::Tcp(Endpoint {
        port: TCP_PORT,
        ..address.endpoint().clone()
    });
    format!(
        "TLS: no authority that this system trusts vouches for the server's certificate \
         ({cause}). If the server signs its certificate itself, use its port for TCP, such as {tcp}, \
         which the chat's own protocol protects; or name a file with the certificate in \
         SSL_CERT_FILE"
    )
}

/// Returns the sentence for a server that refuses TLS as long as it has no certificate.
pub(crate) fn no_certificate_yet() -> String {
    "TLS: the server refuses it (access_denied), as it does until it has got its first certificate: its log \
     says how far it is"
        .into()
}

/// Returns the sentence for a port that does not speak TLS, which `wss://` and `tls://` expect.
pub(crate) fn no_tls(address: &Address) -> String {
    let host = host_and_port(address);
    format!(
        "this port speaks no TLS. Use ws://{host}/ws if it is the port of a web server without TLS, \
         or {host} if it is the one for TCP; the chat's own protocol protects all of them"
    )
}

/// Returns the sentence for a port that does not speak HTTP, which `ws://` and `wss://` expect.
pub(crate) fn no_http(address: &Address) -> String {
    let host = host_and_port(address);
    format!(
        "this port speaks no HTTP. Use {host} if it is the port for TCP, or wss://{host}/ws if it \
         is a web server with TLS"
    )
}

/// Returns host and port as they stand in an address, with the port also where it is the scheme's
/// own.
fn host_and_port(address: &Address) -> String {
    Address::Tcp(address.endpoint().clone()).to_string()
}

/// Decides whether a session ended well. `pin` is the pin of the server, if it has one.
///
/// # Errors
/// [`Failure`] with the code for the problem.
pub(crate) fn of_outcome(wish: &Wish, pin: Option<&Pin>, outcome: &Outcome) -> Result<(), Failure> {
    let address = &wish.address;
    let (code, text) = match &outcome.ending {
        Ending::Unwatched => return Ok(()),
        Ending::Interrupted => return Err(Failure::new(Code::Interrupted, "interrupted")),
        Ending::Stream(error) => (
            Code::Lost,
            format!(
                "the connection to {address} was lost: {}",
                printable::line(error.to_string().as_bytes())
            ),
        ),
        Ending::WebServer => {
            let endpoint = address.endpoint();
            let host = host_and_port(address);
            return Err(Failure::new(
                Code::Protocol,
                format!(
                    "port {} of {} is a web server, which speaks HTTP. Use ws://{host}/ws, or \
                     wss://{host}/ws if its page is at https://",
                    endpoint.port, endpoint.host
                ),
            ));
        }
        Ending::Tls => {
            let host = host_and_port(address);
            return Err(Failure::new(
                Code::Protocol,
                format!("this port of {address} speaks TLS. Use wss://{host}/ws"),
            ));
        }
        Ending::Silent => (
            Code::Lost,
            format!(
                "{address} does not answer any more; the connection is taken for lost. Look \
                 whether this machine is still on the network, then connect again"
            ),
        ),
        Ending::Protocol(reason) => match reason {
            // An end before everything was sent is a loss, even if the server closed properly.
            CloseReason::PeerClosed if outcome.established && !outcome.unsent => return Ok(()),
            CloseReason::PeerClosed if outcome.established => (
                Code::Lost,
                format!("{address} ended the connection before everything was sent"),
            ),
            CloseReason::PeerClosed => (
                Code::Protocol,
                format!("{address} ended the connection before the handshake was done"),
            ),
            // A cut stream is reported differently from a close: anybody in between can cut one
            // (§2.12 of the protocol).
            CloseReason::Truncated => (
                Code::Lost,
                format!(
                    "the connection to {address} was cut: what came last may be missing, and \
                     somebody may have cut it on purpose"
                ),
            ),
            CloseReason::Reported { code, message } => (
                Code::Reported,
                format!(
                    "{address} reported {code}: {}",
                    printable::line(message.as_bytes())
                ),
            ),
            CloseReason::Failed(Error::Untrusted(Untrusted::Changed { pinned, presented })) => {
                return Err(match pin {
                    Some(pin) => changed(address, pin, *presented),
                    None => not_expected(address, *pinned, *presented),
                });
            }
            CloseReason::Failed(Error::Untrusted(Untrusted::Unknown { presented })) => {
                return Err(unknown(address, *presented));
            }
            CloseReason::Failed(error) => (
                Code::Protocol,
                format!(
                    "the connection to {address} was ended: {}",
                    printable::line(error.to_string().as_bytes())
                ),
            ),
            CloseReason::Local(code) => (Code::Other, format!("ended by us: {code}")),
            other => (Code::Other, printable::line(other.to_string().as_bytes())),
        },
    };
    let mut text = text;
    // A server that speaks HTTP needs no guess, least of all one that leads to a weaker protocol.
    let is_web_server = text.contains("use ws://");
    // Not for a pinned server: an attacker who disturbs v2 must not lead the person to v1.
    if wish.version >= Version::V2 && !outcome.established && pin.is_none() && !is_web_server {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\nIt may be that this server speaks only v1, which proves nothing about it; that is \
             --protocol v1"
        );
    }
    Err(Failure::new(code, text))
}
