//! `secure-chat chat`: asks the question of first contact in the plain terminal, then fills the
//! terminal.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::Notify;

use super::connect::watch_signals;
use crate::args::{Level, Server};
use crate::chat::{self, Opening};
use crate::contact::{self, Unattended};
use crate::exit::Failure;
use crate::keystore;
use crate::known_servers::KnownServers;
use crate::ui::interactive::Terminal;
use crate::ui::pipe;
use crate::wish::Wish;

/// Runs the command.
///
/// # Errors
/// [`Failure`] with the code for the problem.
pub(crate) fn run(server: Server, folder: &Path, level: Level) -> Result<(), Failure> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Err(Failure::other(
            "the chat needs a terminal; `secure-chat connect` goes into pipes",
        ));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("the system refuses what we need: {error}")))?;
    let (key, new) = keystore::load_or_generate(folder)?;
    if new && level >= Level::Info {
        pipe::note("made a key for you");
    }
    let capture = super::start_capture(&server, level)?;
    let captured = capture.clone();
    let result = runtime.block_on(async {
        let interrupt = Arc::new(Notify::new());
        watch_signals(&interrupt)?;
        let known = KnownServers::new(folder);
        let wish = Wish {
            address: server.address,
            version: server.protocol,
            expected: server.pin,
            observe_frames: false,
            capture: captured,
        };
        // Asked before the full-screen mode begins: the protocol never waits for a person, so the
        // first contact is a connection of its own.
        let contact = if server.accept_new {
            let mut nobody = Unattended { accept_new: true };
            contact::make(wish.clone(), &known, &key, &mut nobody).await?
        } else {
            contact::make(wish.clone(), &known, &key, &mut Terminal::open()?).await?
        };
        let opening = Opening {
            wish,
            contact,
            key,
            known,
            folder,
            name: server.name.map(|name| name.as_str().to_owned()),
            interrupt,
        };
        chat::run(opening).await
    });
    // The look-up of a name runs on a thread that cannot be interrupted; one that hangs must not
    // keep the program.
    runtime.shutdown_background();
    super::end_capture(capture);
    result
}
