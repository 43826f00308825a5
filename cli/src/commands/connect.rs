//! `secure-chat connect`: connects session, input and screen.

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use shared::chat::{ClientMessage, MessageId, RoomName};
use shared::identity::PrivateKey;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::advice;
use crate::args::{Connect, Level};
use crate::contact::{self, Ask, Contact, Unattended};
use crate::exit::{Code, Failure};
use crate::keystore;
use crate::known_servers::KnownServers;
use crate::session::{Chat, Ending, Happening, Outcome, Outgoing, Wiring};
use crate::system;
use crate::terminal;
use crate::ui::Presenter;
use crate::ui::delivery::Delivery;
use crate::ui::interactive::{Mode, Printer, Terminal};
use crate::ui::pipe::{self, Input, Output};
use crate::wish::Wish;

/// The most lines that wait to be sealed, and the most happenings that wait to be shown: as many as
/// go through in one turn. Behind that the pipe, and the server, have to wait.
const CHANNEL_PLACES: usize = 256;

/// The time by which the editor or standard output has written its last text, also on a busy
/// machine. The editor does not report that.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// Runs the command.
///
/// # Errors
/// [`Failure`] with the code for the problem.
pub(crate) fn run(connect: Connect, folder: &Path, level: Level) -> Result<(), Failure> {
    let terminal = !connect.pipe && io::stdin().is_terminal() && io::stdout().is_terminal();
    // One thread is enough for one stream; input and output that block have threads of their own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("the system refuses what we need: {error}")))?;
    let (key, new) = keystore::load_or_generate(folder)?;
    if level >= Level::Info {
        let you = advice::key("you", key.public_key().fingerprint());
        pipe::note(&if new {
            format!("made a key for you\n{you}")
        } else {
            you
        });
    }
    let server = connect.server;
    let capture = super::start_capture(&server, level)?;
    let run = Run {
        wish: Wish {
            address: server.address,
            version: server.protocol,
            expected: server.pin,
            observe_frames: level >= Level::Debug,
            capture: capture.clone(),
        },
        name: server.name.map(|name| name.as_str().to_owned()),
        known: KnownServers::new(folder),
        key,
        level,
    };
    let accept_new = server.accept_new;
    let lobby = connect.room == RoomName::lobby();
    let result = if !terminal {
        runtime.block_on(run.piped(connect.room, accept_new))
    } else if lobby {
        runtime.block_on(run.interactive(accept_new))
    } else {
        Err(Failure::other(
            "line by line there is only the lobby; `secure-chat chat` has all rooms, and --pipe \
             delivers to any",
        ))
    };
    // The look-up of a name runs on a thread that cannot be interrupted; one that hangs must not
    // keep the program.
    runtime.shutdown_background();
    super::end_capture(capture);
    result
}

struct Run {
    wish: Wish,
    /// The name to claim.
    name: Option<String>,
    known: KnownServers,
    key: PrivateKey,
    level: Level,
}

impl Run {
    async fn interactive(self, accept_new: bool) -> Result<(), Failure> {
        let mut terminal = Terminal::open()?;
        let contact = if accept_new {
            self.contact(&mut Unattended { accept_new }).await?
        } else {
            self.contact(&mut terminal).await?
        };
        let mode = Mode::remember();
        let screen = terminal.printer()?;
        let result = self.session(contact, screen, terminal).await;
        // Looked at after the session: the failures of the editor on a terminal that is gone say
        // nothing useful.
        if !terminal::is_there() {
            return Err(terminal::gone());
        }
        tokio::time::sleep(LAST_WORDS).await;
        drop(mode);
        result
    }

    /// Delivers the lines of standard input. See [`Delivery`].
    async fn piped(self, room: RoomName, accept_new: bool) -> Result<(), Failure> {
        let contact = self.contact(&mut Unattended { accept_new }).await?;
        let (outgoing, sent) = mpsc::channel(CHANNEL_PLACES);
        let (happenings, happened) = mpsc::channel(CHANNEL_PLACES);
        let interrupt = Arc::new(Notify::new());
        watch_signals(&interrupt)?;
        let (shown, showing) = mpsc::channel(CHANNEL_PLACES);
        let mut printing = tokio::task::spawn_blocking(move || pipe::show(showing));
        let (lines, input) = mpsc::channel(CHANNEL_PLACES);
        // The thread is never joined: it may be blocked in a read when the session ends.
        thread::spawn(move || pipe::read_lines(&lines));

        let mut speaker = Speaker {
            presenter: Presenter {
                screen: Delivery::new(room, self.name.clone()),
                level: self.level,
                address: self.wish.address.to_string(),
                witness: contact.witness(&self.known),
                unsendable: 0,
            },
            output_gone: false,
        };
        let wiring = Wiring {
            outgoing: sent,
            happenings,
            interrupt,
            chat: Chat::Json,
        };
        let (outcome, patience) = {
            let mut session = std::pin::pin!(contact.run(&self.key, wiring));
            let mut speaking = std::pin::pin!(speaker.run(outgoing, happened, input, shown));
            let mut spoken = false;
            let outcome = loop {
                tokio::select! {
                    outcome = &mut session => break outcome,
                    () = &mut speaking, if !spoken => spoken = true,
                }
            };
            // A person who interrupts does not wait for a reader that takes nothing.
            let patience = match outcome.ending {
                Ending::Interrupted => LAST_WORDS,
                _ => Duration::MAX,
            };
            if !spoken {
                let _ = tokio::time::timeout(patience, speaking).await;
            }
            (outcome, patience)
        };
        let printed = tokio::time::timeout(patience, &mut printing).await;
        let complete = speaker.is_complete();
        let verdict =
            speaker
                .presenter
                .screen
                .verdict(Self::verdict(&self.wish, &self.known, &outcome));
        match printed {
            Ok(Ok(Ok(()))) | Err(_) => verdict,
            // `head` has read enough, and nothing was lost.
            Ok(Ok(Err(error))) if error.kind() == io::ErrorKind::BrokenPipe && complete => Ok(()),
            Ok(Ok(Err(error))) => {
                let lost = verdict.err().map_or(String::new(), |it| format!("\n{it}"));
                Err(Failure::new(
                    Code::Output,
                    format!("standard output failed: {error}{lost}"),
                ))
            }
            Ok(Err(_)) => Err(Failure::other("the output failed")),
        }
    }

    async fn contact(&self, ask: &mut dyn Ask) -> Result<Contact, Failure> {
        contact::make(self.wish.clone(), &self.known, &self.key, ask).await
    }

    /// Runs a session of plain lines. The person types them into `terminal` on a thread; `screen`
    /// shows what happens on another one.
    async fn session(
        self,
        contact: Contact,
        screen: Printer,
        terminal: Terminal,
    ) -> Result<(), Failure> {
        let (sender, outgoing) = mpsc::channel(CHANNEL_PLACES);
        let (happenings, happened) = mpsc::channel(CHANNEL_PLACES);
        let interrupt = Arc::new(Notify::new());
        watch_signals(&interrupt)?;

        let mut presenter = Presenter {
            screen,
            level: self.level,
            address: self.wish.address.to_string(),
            witness: contact.witness(&self.known),
            unsendable: 0,
        };
        let mut presenting = tokio::task::spawn_blocking(move || {
            presenter.run(happened);
            presenter.unsendable
        });
        let greeting = self.name.map(|name| format!("/name {name}").into_bytes());
        let (read_sender, read_result) = std::sync::mpsc::channel();
        // The thread is never joined: it may be blocked in a read when the session ends.
        thread::spawn(move || {
            if let Some(greeting) = greeting {
                // A closed session shows with the first line, too.
                let _ = sender.blocking_send(Outgoing::Message(greeting));
            }
            let result = terminal.read_lines(&sender);
            let _ = read_sender.send(result);
            let _ = sender.blocking_send(Outgoing::Finish);
        });

        let wiring = Wiring {
            outgoing,
            happenings,
            interrupt,
            chat: Chat::PlainText,
        };
        let outcome = contact.run(&self.key, wiring).await;
        // The session has dropped its end of the channel, so this ends when everything is shown. A
        // person who interrupts does not wait for a reader that takes nothing.
        let patience = match outcome.ending {
            Ending::Interrupted => LAST_WORDS,
            _ => Duration::MAX,
        };
        let unsendable = match tokio::time::timeout(patience, &mut presenting).await {
            Ok(shown) => shown.map_err(|_| Failure::other("the output failed"))?,
            Err(_) => 0,
        };
        Self::verdict(&self.wish, &self.known, &outcome)?;
        match read_result.try_recv() {
            Ok(Err(failure)) => Err(failure),
            _ if unsendable > 0 => Err(not_sent(unsendable)),
            _ => Ok(()),
        }
    }

    fn verdict(wish: &Wish, known: &KnownServers, outcome: &Outcome) -> Result<(), Failure> {
        // The pins are loaded for the sentence only: the decision about the key was made before.
        let pins = known.load().unwrap_or_default();
        advice::of_outcome(wish, pins.get(&wish.address.to_string()), outcome)
    }
}

/// Connects a [`Delivery`] with the session, standard input and standard output.
struct Speaker {
    presenter: Presenter<Delivery>,
    /// Standard output has no reader any more.
    output_gone: bool,
}

impl Speaker {
    /// Runs until the session has ended and everything is shown, or until nothing more can be done.
    async fn run(
        &mut self,
        outgoing: mpsc::Sender<Outgoing>,
        mut happened: mpsc::Receiver<Happening>,
        mut input: mpsc::Receiver<Input>,
        shown: mpsc::Sender<Output>,
    ) {
        // Dropped to announce that nothing more will be sent.
        let mut outgoing = Some(outgoing);
        loop {
            let delivery = &mut self.presenter.screen;
            delivery.settle(Instant::now());
            match &outgoing {
                Some(outgoing) => hand_over(&mut delivery.requests, outgoing),
                None => delivery.requests.clear(),
            }
            while let Some(output) = delivery.output.pop_front() {
                // Never blocking: a reader that is slow must not keep requests or receipts from
                // being handled.
                match shown.try_send(output) {
                    Ok(()) => {}
                    Err(TrySendError::Full(output)) => {
                        delivery.output.push_front(output);
                        break;
                    }
                    Err(TrySendError::Closed(_)) => {
                        self.output_gone = true;
                        delivery.output.clear();
                    }
                }
            }
            if delivery.is_done() {
                outgoing = None;
            }
            if self.output_gone && (delivery.is_delivered() || delivery.has_failed()) {
                // All lines that were read are delivered, and no reader is left for the rest.
                return;
            }
            let (output_waits, request_waits) = (
                !delivery.output.is_empty(),
                !delivery.requests.is_empty() && outgoing.is_some(),
            );
            let wants_lines = delivery.wants_lines() && !self.output_gone;
            let deadline = delivery.deadline();
            let place = async {
                match &outgoing {
                    Some(outgoing) => drop(outgoing.reserve().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = shown.reserve(), if output_waits => {}
                () = shown.closed(), if !output_waits && !self.output_gone => {
                    self.output_gone = true;
                }
                () = place, if request_waits => {}
                // While output waits, the session is not read: a slow reader makes the server wait,
                // too.
                happening = happened.recv(), if !output_waits => match happening {
                    Some(happening) => self.happened(happening),
                    None => return,
                },
                line = input.recv(), if wants_lines => self.read(line),
                () = sleep_until(deadline), if deadline.is_some() => {}
            }
        }
    }

    fn happened(&mut self, happening: Happening) {
        // A delivery takes every happening.
        let _ = self.presenter.show(happening);
        if self.presenter.unsendable > 0 {
            let text = "a message could not be sent";
            self.presenter.screen.fail(Code::NotDelivered, text);
        }
    }

    fn read(&mut self, line: Option<Input>) {
        let delivery = &mut self.presenter.screen;
        match line {
            None => delivery.end_of_input(),
            Some(Input::Failed(number, error)) => delivery.input_failed(number, &error),
            Some(Input::TooLong(number)) => {
                delivery.lose(number, "no message of this protocol can be so long");
            }
            Some(Input::Line(number, line)) => {
                let mut random = [0; 10];
                match native::random().fill(&mut random) {
                    Ok(()) => {
                        let id = MessageId::new(system::unix_millis(), random);
                        delivery.line(number, &line, id, Instant::now());
                    }
                    Err(_) => delivery.lose(number, "the system has no randomness"),
                }
            }
        }
    }

    /// Returns `true` if all input was read and delivered.
    fn is_complete(&self) -> bool {
        self.presenter.screen.is_complete()
    }
}

/// Hands requests to the session, as far as it takes them.
fn hand_over(requests: &mut VecDeque<ClientMessage>, outgoing: &mpsc::Sender<Outgoing>) {
    while let Some(request) = requests.front() {
        // The serialization cannot fail: everything in a request is text and numbers.
        let json = serde_json::to_vec(request).unwrap_or_default();
        match outgoing.try_send(Outgoing::Message(json)) {
            Ok(()) => drop(requests.pop_front()),
            Err(TrySendError::Full(_)) => return,
            // The session has ended; its happenings give the reason.
            Err(TrySendError::Closed(_)) => return requests.clear(),
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn not_sent(lines: u64) -> Failure {
    Failure::other(format!("{lines} line(s) could not be sent, see above"))
}

/// Makes the signals that end programs end the session instead, so that it says goodbye to the
/// server.
pub(super) fn watch_signals(interrupt: &Arc<Notify>) -> Result<(), Failure> {
    let interrupt = Arc::clone(interrupt);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        for kind in signals {
            let mut stream = signal(kind)
                .map_err(|error| Failure::other(format!("cannot watch signals: {error}")))?;
            let interrupt = Arc::clone(&interrupt);
            tokio::spawn(async move {
                stream.recv().await;
                interrupt.notify_one();
                // A person who asks twice does not want to wait for the goodbye.
                stream.recv().await;
                std::process::exit(crate::exit::Code::Interrupted as i32);
            });
        }
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupt.notify_one();
        }
    });
    Ok(())
}
